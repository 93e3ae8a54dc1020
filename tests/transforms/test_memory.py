"""Changing large graphs takes a few times the memory of their edges, and no more."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.program,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc: run it on Linux"),
]

PROGRAM = """
import pickle, sys, torch, graphmp as gm

CALLS = {
    "to_simple": gm.to_simple,
    "mapping": lambda g: gm.to_simple(g, writeback_mapping=True),
    "to_bidirected": gm.to_bidirected,
    "add_reverse_edges": gm.add_reverse_edges,
    "negative": lambda g: gm.sampling.global_uniform_negative_sampling(g, 10),
    "edge_ids": lambda g: g.edge_ids(*g.find_edges([0, 1])),
    "long": gm.Graph.long,
    "pickle": pickle.dumps,
    "remove_edges": lambda g: gm.remove_edges(g, [0, 1]),
    "remove_nodes": lambda g: gm.remove_nodes(g, [0, 1]),
    "to_homogeneous": gm.to_homogeneous,
    "to_heterogeneous": lambda g: gm.to_heterogeneous(g, ["a", "b"], ["x"]),
    "layouts": gm.Graph.create_formats_,
    "csc": lambda g: gm.graph(("csc", g.adj_tensors("csc"))),
    "srcdst": lambda g: g.edges(order="srcdst"),
    "coalesce": lambda g: g.adj().coalesce(),
}

def graph(edges):
    ends = torch.randint(edges, (2, edges), dtype=torch.int32)
    g = gm.graph((ends[0] % 200_000, ends[1] % 200_000), num_nodes=200_000)
    g.ndata["_TYPE"] = torch.arange(200_000, dtype=torch.int32) % 2
    g.edata["_TYPE"] = torch.zeros(edges, dtype=torch.int32)
    return g

def status(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(name))

torch.set_num_threads(1)
call, edges = CALLS[sys.argv[1]], 4_000_000
call(graph(edges // 10))  # compiles what large graphs need, outside of what is measured
g = graph(edges)
before = status("VmRSS")
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")
result = call(g)
print((status("VmHWM") - before) / (8 * edges))
"""

NAMES = (
    "to_simple",
    "mapping",
    "to_bidirected",
    "add_reverse_edges",
    "negative",
    "edge_ids",
    "long",
    "pickle",
    "remove_edges",
    "remove_nodes",
    "to_homogeneous",
    "to_heterogeneous",
    "layouts",
    "csc",
    "srcdst",
    "coalesce",
)
MOST = 3.5  # with the result, which is up to twice as large as the edges


@pytest.mark.parametrize("name", NAMES)
def test_a_change_takes_a_few_times_the_memory_of_the_edges(name: str) -> None:
    pytest.importorskip("numba", reason="plain torch sorts in more memory: pip install numba")
    command = [sys.executable, "-c", PROGRAM, name]
    environment = {"MALLOC_MMAP_THRESHOLD_": "1000000"}  # freed memory is given back at once
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < MOST
