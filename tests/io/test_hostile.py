"""Damaged and crafted files are errors that name the file; nothing of them is loaded in part."""

from __future__ import annotations

import json
import pickle
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch

import graphmp as gm
from graphmp import Graph, io
from graphmp.io import files

FILES = Path(__file__).parent / "files"
LOADERS: dict[str, Callable[[Path], Any]] = {
    "version_1.gmp": gm.load_graphs,
    "dgl_graphs.bin": gm.load_graphs,
    "dgl_layouts.bin": gm.load_graphs,
    "dgl_version_1.bin": gm.load_graphs,
    "dgl_tensors.bin": io.load_tensors,
    "dgl_info.pkl": io.load_info,
}
each_file = pytest.mark.parametrize("name", LOADERS)


def refused(path: Path, load: Callable[[Path], Any] = gm.load_graphs) -> str:
    """The message of the error that names the file, which is read until the error."""
    with pytest.raises(gm.GraphValueError) as caught:
        load(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def check_graph(g: Graph) -> None:
    """Check that no id of a graph is out of range, and every column as long as it must be."""
    for source, name, target in g.canonical_etypes:
        etype = (source, name, target)
        src, dst, eids = g.edges("all", order="eid", etype=etype)
        assert bool(((src >= 0) & (src < g.num_src_nodes(source))).all())
        assert bool(((dst >= 0) & (dst < g.num_dst_nodes(target))).all())
        assert torch.equal(eids, torch.arange(len(src), dtype=g.idtype))
        for csr in (g.adjacencies[etype].csc, g.adjacencies[etype].csr):
            assert int(csr.indptr[-1]) == len(csr.indices) == len(eids)
            assert torch.equal(torch.sort(csr.edge_ids).values, eids)
        assert all(len(column) == len(src) for column in g.edges[etype].data.values())


def damaged(content: bytes, random: Random, count: int) -> Iterator[bytes]:
    """The contents of a file with a few bytes changed, where they are read."""
    places = [i for i, byte in enumerate(content) if byte or not 32 <= i < 4096]
    for _ in range(count):
        changed = bytearray(content)
        for place in random.choices(places, k=random.choice((1, 1, 1, 2, 8))):
            changed[place] = random.choice((0, 1, 2, 127, 128, 255, changed[place] ^ 1))
        yield bytes(changed)


def cut(content: bytes, step: int) -> Iterator[bytes]:
    """Beginnings of a file, without those that end in the header of DGL, where nothing is read."""
    for size in range(0, len(content), step):
        if not 40 <= size < 4090 or content[:1] not in b"\x3f":
            yield content[:size]


def refuse_cuts(name: str, path: Path, count: int) -> None:
    whole = (FILES / name).read_bytes()
    for content in cut(whole, max(len(whole) // count, 1)):
        path.write_bytes(content)
        refused(path, LOADERS[name])


def survive_damage(name: str, path: Path, count: int) -> None:
    for content in damaged((FILES / name).read_bytes(), Random(0), count):
        path.write_bytes(content)
        try:
            value = LOADERS[name](path)
        except gm.GraphError as error:
            assert str(path) in str(error)  # noqa: PT017
        else:
            for g in value[0] if LOADERS[name] is gm.load_graphs else ():
                check_graph(g)


@each_file
def test_a_file_that_is_cut_off_is_refused(name: str, tmp_path: Path) -> None:
    refuse_cuts(name, tmp_path / name, 50)


@each_file
def test_a_file_with_changed_bytes_is_refused_or_harmless(name: str, tmp_path: Path) -> None:
    survive_damage(name, tmp_path / name, 30)


@each_file
@pytest.mark.thorough
def test_a_file_that_is_cut_off_at_any_length_is_refused(name: str, tmp_path: Path) -> None:
    refuse_cuts(name, tmp_path / name, 600)


@each_file
@pytest.mark.thorough
def test_any_changed_byte_is_refused_or_harmless(name: str, tmp_path: Path) -> None:
    survive_damage(name, tmp_path / name, 500)


# ---- the header of a file of graphmp


def rewritten(path: Path, change: Callable[[dict[str, Any]], Any], content: bytes = b"") -> Path:
    """A copy of a file of graphs with another header, and bytes behind its values."""
    old = (FILES / "version_1.gmp").read_bytes()
    start = 8 + int.from_bytes(old[:8], "little")
    header = json.loads(old[8:start])
    text = change(header)
    text = text if isinstance(text, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + old[start:] + content)
    return path


def of(header: dict[str, Any], **changes: Any) -> None:
    """Change what the header says about the file."""
    header["__metadata__"].update(changes)


def form(header: dict[str, Any], change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the form of the first graph."""
    content = json.loads(header["__metadata__"]["content"])
    change(content["forms"][0])
    of(header, content=json.dumps(content))


HEADERS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a later version": (lambda h: of(h, version="2"), "expected version 1 of its layout, got 2"),
    "no version": (lambda h: h["__metadata__"].pop("version"), "damaged"),
    "another kind": (lambda h: of(h, kind="tensors"), "expected a file of graphs by graphmp"),
    "another program": (lambda h: of(h, format="pt"), "expected a file of graphs by graphmp"),
    "no metadata": (lambda h: h.pop("__metadata__"), "expected a file of graphs by graphmp"),
    "metadata of numbers": (lambda h: of(h, version=1), "expected a file of safetensors"),
    "no JSON": (lambda h: b"{]", "expected a file of safetensors"),
    "no object": (lambda h: b"[1]", "expected a file of safetensors"),
    "no text": (lambda h: b"\xff\xfe", "expected a file of safetensors"),
    "a name twice": (lambda h: b'{"a": 1, "a": 2}', "expected a file of safetensors"),
    "deep nesting": (lambda h: b"[" * 100_000, "expected a file of safetensors"),
    "a large number": (lambda h: b'{"a":' + b"9" * 10_000 + b"}", "expected a file of safetensors"),
    "content that is no JSON": (lambda h: of(h, content="{"), "damaged"),
    "content without forms": (lambda h: of(h, content="{}"), "damaged"),
    "too few forms": (lambda h: of(h, content='{"forms": []}'), "damaged"),
    "no tensor": (lambda h: h.pop("form"), "expected a file of safetensors"),
    "another dtype": (lambda h: h["form"].update(dtype="I32"), "expected a file of safetensors"),
    "an unknown dtype": (lambda h: h["form"].update(dtype="X9"), "expected a file of safetensors"),
    "a dtype that is no text": (
        lambda h: h["form"].update(dtype=[]),
        "expected a file of safetensors",
    ),
    "a larger shape": (lambda h: h["form"].update(shape=[2**62]), "expected a file of safetensors"),
    "a huge shape": (
        lambda h: h["form"].update(shape=[2**62] * 64),
        "expected a file of safetensors",
    ),
    "many dimensions": (
        lambda h: h["form"].update(shape=[3] + [1] * 10**5),
        "more than 64 dimensions of 'form'",
    ),
    "a negative shape": (lambda h: h["form"].update(shape=[-3]), "expected a file of safetensors"),
    "a shape of floats": (
        lambda h: h["form"].update(shape=[3.0]),
        "expected a file of safetensors",
    ),
    "a shape of bools": (
        lambda h: h["form"].update(shape=[True]),
        "expected a file of safetensors",
    ),
    "no shape": (lambda h: h["form"].pop("shape"), "expected a file of safetensors"),
    "offsets that overlap": (
        lambda h: h["form"].update(data_offsets=[0, 24]),
        "expected a file of safetensors",
    ),
    "offsets beyond the file": (
        lambda h: h["form"].update(data_offsets=[2**40, 2**40 + 24]),
        "expected a file of safetensors",
    ),
    "offsets in reverse": (
        lambda h: h["form"].update(data_offsets=[24, 0]),
        "expected a file of safetensors",
    ),
    "too many offsets": (
        lambda h: h["form"].update(data_offsets=[0, 8, 24]),
        "expected a file of safetensors",
    ),
    "an unknown id type": (lambda h: form(h, lambda f: f.update(idtype="int8")), "damaged"),
    "another id type": (
        lambda h: form(h, lambda f: f.update(idtype="int32")),
        "expected ids of torch.int32",
    ),
    "an unknown field": (
        lambda h: form(h, lambda f: f["nodes"][0].update(fields=["y"])),
        "damaged",
    ),
    "an unknown layout": (
        lambda h: form(h, lambda f: f["edges"][0].update(layouts=["dia"])),
        "damaged",
    ),
    "no layout": (lambda h: form(h, lambda f: f["edges"][0].update(layouts=[])), "its layouts"),
    "an unknown end": (
        lambda h: form(h, lambda f: f["edges"][0].update(type=["a", "_E", "_N"])),
        "damaged",
    ),
    "a type that is no text": (
        lambda h: form(h, lambda f: f["nodes"][0].update(type=3)),
        "expected distinct names, got [3]",
    ),
    "an edge type without a name": (
        lambda h: form(h, lambda f: f["edges"][0].update(type=["_N", None, "_N"])),
        "expected distinct names, got [None]",
    ),
    "a field that is no text": (
        lambda h: form(h, lambda f: f["nodes"][0].update(fields=[1])),
        "expected distinct names, got [1]",
    ),
    "a field twice": (
        lambda h: form(h, lambda f: f["nodes"][0].update(fields=["x", "x"])),
        "expected distinct names",
    ),
    "an edge type twice": (
        lambda h: form(h, lambda f: f["edges"].append(f["edges"][0])),
        "damaged",
    ),
    "the sizes of a batch that is none": (
        lambda h: form(h, lambda f: f.update(batch=["nodes"])),
        "damaged",
    ),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_lies_is_refused(name: str, tmp_path: Path) -> None:
    change, message = HEADERS[name]
    assert message in refused(rewritten(tmp_path / "graphs", change))


def test_bytes_behind_the_values_are_refused(tmp_path: Path) -> None:
    path = rewritten(tmp_path / "graphs", lambda header: None, b"\x00")
    assert "expected a file of safetensors" in refused(path)


@pytest.mark.parametrize("size", [0, 7, 8, 100])
def test_a_header_longer_than_the_file_is_refused(size: int, tmp_path: Path) -> None:
    (tmp_path / "graphs").write_bytes(b"\xff" * size)
    refused(tmp_path / "graphs")


# ---- values that no graph has


def saved(path: Path, change: Callable[[dict[str, torch.Tensor]], Any], formats: str) -> Path:
    """A file of a graph whose tensors were changed."""
    g = gm.graph(([0, 1, 1, 2], [1, 2, 0, 2]))
    gm.save_graphs(path, g, formats=formats)
    container = io.container.Container(path, files.contents(path))
    tensors = {name: container[name].clone() for name in container}
    content = container.content("graphs")
    change(tensors)
    parts = {name: [tensor] for name, tensor in tensors.items()}
    io.container.write(path, "graphs", content, parts)
    return path


def put(name: str, position: int, value: int) -> Callable[[dict[str, torch.Tensor]], Any]:
    """Write one number."""
    return lambda tensors: tensors[name].__setitem__(position, value)


VALUES: dict[str, tuple[str, Callable[[dict[str, torch.Tensor]], Any]]] = {
    "a source that is too large": ("coo", put("0/edges/0/coo/src", 1, 3)),
    "a destination below 0": ("coo", put("0/edges/0/coo/dst", 1, -1)),
    "more edges than ends": ("coo", put("0/edges/0/count", 0, 5)),
    "a negative number of edges": ("coo", put("0/edges/0/count", 0, -4)),
    "fewer nodes": ("coo", put("0/nodes/0/count", 0, 2)),
    "an unknown form": ("coo", put("form", 0, 1)),
    "a negative form": ("coo", put("form", 0, -1)),
    "an index that is too large": ("csc", put("0/edges/0/csc/indices", 0, 3)),
    "an edge id that is too large": ("csc", put("0/edges/0/csc/edge_ids", 0, 4)),
    "an edge id twice": ("csr", put("0/edges/0/csr/edge_ids", 1, 0)),
    "edge ids that descend in a row": (
        "csr",
        lambda tensors: tensors["0/edges/0/csr/edge_ids"].copy_(torch.tensor([0, 2, 1, 3])),
    ),
    "rows that descend": ("csr", put("0/edges/0/csr/indptr", 1, 4)),
    "rows that do not begin": ("csr", put("0/edges/0/csr/indptr", 0, 1)),
    "more rows": ("csc", put("0/nodes/0/count", 0, 4)),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_that_no_graph_has_are_refused(name: str, tmp_path: Path) -> None:
    formats, change = VALUES[name]
    refused(saved(tmp_path / "graphs", change, formats))


LATE = ("an edge id twice", "edge ids that descend in a row")  # of a large file


@pytest.mark.parametrize("name", VALUES)
def test_values_of_a_large_file_are_refused_at_the_latest_when_they_are_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SMALLEST_MAPPED", 1)
    formats, change = VALUES[name]
    path = saved(tmp_path / "graphs", change, formats)
    if name not in LATE:
        refused(path)
        return
    reads: list[Callable[[Graph], Any]] = [
        lambda g: g.edges(),
        lambda g: g.adjacency.csc,
        Graph.int,
        pickle.dumps,
    ]
    for read in reads:
        [g], _ = gm.load_graphs(path)
        for _ in range(2):
            with pytest.raises(gm.GraphValueError, match=f"{path} was not read"):
                read(g)


def test_a_graph_is_read_without_the_others(tmp_path: Path) -> None:
    g, path = gm.graph(([0], [1])), tmp_path / "graphs"
    gm.save_graphs(path, [g, g])
    content = path.read_bytes()
    ids = (1).to_bytes(8, "little") * 2 + (0).to_bytes(8, "little") * 2  # destinations, sources
    assert content.count(ids) == 1
    path.write_bytes(content.replace(ids, ids[:-8] + (9).to_bytes(8, "little")))
    file = io.open_graphs(path)
    check_graph(file[0])
    with pytest.raises(gm.GraphValueError, match="an id is not below 2"):
        file[1]
    refused(path)


# ---- files of DGL


def patched(path: Path, name: str, position: int, number: int) -> Path:
    """A copy of a file with one number of 8 bytes changed."""
    content = bytearray((FILES / name).read_bytes())
    content[position : position + 8] = number.to_bytes(8, "little")
    path.write_bytes(bytes(content))
    return path


NUMBERS = {
    "an unknown version": ("dgl_graphs.bin", 8, 3, "expected version 1 or 2"),
    "more graphs than there are": ("dgl_graphs.bin", 24, 4, "a list of 4 graphs"),
    "a huge number of labels": ("dgl_graphs.bin", 4104, 2**60, "damaged"),
    "a huge number of tensors": ("dgl_tensors.bin", 16, 2**60, "damaged"),
    "another number of tensors": ("dgl_tensors.bin", 8, 3, "expected 3 tensors, got 2"),
    "a huge name": ("dgl_tensors.bin", 24, 2**62, "from byte 32 on"),
    "graphs of the older format": ("dgl_version_1.bin", 4096, 2**60, "damaged"),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_of_a_file_of_dgl_that_lie_are_refused(name: str, tmp_path: Path) -> None:
    file, position, number, message = NUMBERS[name]
    assert message in refused(patched(tmp_path / file, file, position, number), LOADERS[file])


def test_no_part_of_a_file_of_dgl_is_read_twice(tmp_path: Path) -> None:
    content = bytearray((FILES / "dgl_graphs.bin").read_bytes())
    content[-16:-8] = content[-24:-16]  # the last graph begins where the second does
    (tmp_path / "graphs").write_bytes(bytes(content))
    assert "graphs one after another" in refused(tmp_path / "graphs")


@each_file
def test_no_more_is_allocated_than_a_file_has(name: str, tmp_path: Path) -> None:
    path, old = tmp_path / name, (FILES / name).read_bytes()
    tracemalloc.start()
    try:
        for position in range(4096 if name.startswith("dgl_g") else 0, len(old) - 8, 97):
            path.write_bytes(old[:position] + (2**40).to_bytes(8, "little") + old[position + 8 :])
            try:
                LOADERS[name](path)
            except gm.GraphError:
                continue
        assert tracemalloc.get_traced_memory()[1] < 2_000_000 + 50 * len(old)
    finally:
        tracemalloc.stop()
