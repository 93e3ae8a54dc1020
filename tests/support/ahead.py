"""Compiles Triton kernels for GPUs that are not here: ``python ahead.py FAMILY``.

``call`` of the module ``ahead_FAMILY`` calls functions of the backend with small tensors, by
chance: all that decides for what a kernel is compiled varies. The launches are recorded, not run.
That gives thousands of configurations, too many to compile each; but what fails to compile does so
for one value or for two that meet. So those are compiled that :func:`covering` chooses: every
value of every argument and constant, and every two of them and the target that are launched
together, occur in some. A line for each is printed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from heapq import heapify, heappop, heapreplace
from importlib import import_module
from itertools import combinations
from random import Random
from typing import Any
from unittest import mock

import torch
from triton import compiler
from triton.backends.compiler import GPUTarget

from graphmp.kernels.cuda import layout
from graphmp.kernels.cuda.launch import Launch, recording

CALLS = 3000  # of a family
TARGETS = {
    "sm_80": GPUTarget("cuda", 80, 32),
    "sm_90": GPUTarget("cuda", 90, 32),
    "gfx942": GPUTarget("hip", "gfx942", 64),
}
TYPES = {
    torch.float32: "*fp32",
    torch.float64: "*fp64",
    torch.float16: "*fp16",
    torch.bfloat16: "*bf16",
    torch.uint8: "*u8",
    torch.int8: "*i8",
    torch.int16: "*i16",
    torch.int32: "*i32",
    torch.int64: "*i64",
    torch.bool: "*i1",
    int: "i32",
    bool: "i1",
    float: "fp32",
}
LOADS = {"v4.b32": 16, "v2.b64": 16, "v4.u32": 16, "v2.u64": 16, "v2.b32": 8, "b64": 8}
FEATURES = {"left", "value", "values"}  # operands whose rows are loaded


def given(launch: Launch) -> dict[str, Any]:
    """The types of a kernel's arguments, by name."""
    return dict(zip([p.name for p in launch.kernel.params], launch.types, strict=False))


def compiled(launch: Launch, target: GPUTarget) -> Any:
    """A kernel compiled for a target, with tensors that start at multiples of 16 bytes."""
    names, types = [p.name for p in launch.kernel.params], given(launch)
    signature = {n: TYPES[types[n]] if n in types else "constexpr" for n in names}
    aligned = {
        (i,): [["tt.divisibility", 16]] for i, n in enumerate(names) if signature[n][0] == "*"
    }
    source = compiler.ASTSource(
        fn=launch.kernel, signature=signature, constexprs=dict(launch.constants), attrs=aligned
    )
    options = {"num_warps": launch.warps, "enable_fp_fusion": True}
    return compiler.compile(source, target=target, options=options)


def launches(family: str, calls: int = CALLS, seed: int = 0) -> list[Launch]:
    """What random calls of a family launch, each once; some have ids that need 64 bits."""
    random, call = Random(seed), import_module(f"support.ahead_{family}").call
    with recording() as found:
        for _ in range(calls):
            largest = layout.LARGEST if random.random() < 0.8 else 0
            with mock.patch.object(layout, "LARGEST", largest):
                call(random)
    return sorted(found, key=repr)


def facts(launch: Launch, target: str) -> list[tuple[str, object]]:
    """What is decided for a compilation, by name."""
    return [
        ("target", target),
        ("warps", launch.warps),
        *launch.constants,
        *((name, str(kind)) for name, kind in given(launch).items()),
    ]


def covering(found: Sequence[Launch]) -> list[tuple[Launch, str]]:
    """Launches and targets, few, in which all pairs of facts occur that occur in any.

    Chosen greedily: the next is one with the most pairs that are new.
    """
    candidates = [(launch, target) for launch in found for target in TARGETS]
    numbers: dict[object, int] = {}
    pairs = []
    for launch, target in candidates:
        mine = sorted(facts(launch, target), key=repr)
        both = ((launch.kernel, *pair) for pair in combinations(mine, 2))
        pairs.append(sum(1 << numbers.setdefault(pair, len(numbers)) for pair in both))
    chosen, missing = [], (1 << len(numbers)) - 1
    # What a candidate adds only falls, so one that is best by an old count and a new one is best.
    order = [(-mask.bit_count(), at) for at, mask in enumerate(pairs)]
    heapify(order)
    while missing:
        _, at = order[0]
        gain = (pairs[at] & missing).bit_count()
        if gain == 0:
            heappop(order)
            continue
        heapreplace(order, (-gain, at))
        if order[0] == (-gain, at):
            chosen.append(candidates[at])
            missing &= ~pairs[at]
    return chosen


def wanted_load(launch: Launch) -> int:
    """The bytes that loads of features bring at once, 0 if their rows need not be aligned."""
    operand = next((t for n, t in given(launch).items() if n in FEATURES), None)
    align: int = dict(launch.constants).get("ALIGN", 1)
    return 16 if operand is not None and align * operand.itemsize == 16 else 0


def widest_load(made: Any) -> int:
    """The bytes that the widest load from memory brings, as PTX says."""
    loads = [line for line in made.asm["ptx"].splitlines() if "ld.global" in line]
    widths = [next((w for name, w in LOADS.items() if name in line), 4) for line in loads]
    return max(widths, default=0)


if __name__ == "__main__":
    torch.set_num_threads(1)  # families are compiled side by side
    for each, name in covering(launches(sys.argv[1])):
        what = each.kernel.fn.__name__, name, facts(each, name)
        try:
            made = compiled(each, TARGETS[name])
            is_narrow = "ptx" in made.asm and widest_load(made) < wanted_load(each)
            print(*what, "loads less than 16 bytes" if is_narrow else "compiles", flush=True)
        except Exception as error:  # noqa: BLE001 - one that fails must not hide the others
            print(*what, f"fails: {error!r}", flush=True)
