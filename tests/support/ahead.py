"""Compiles Triton kernels for absent GPUs: ``python ahead.py FAMILY [FRACTION]``.

``call`` of the module ``ahead_FAMILY`` calls functions of the backend at random, with small
tensors: whatever a kernel is specialised for varies. The launches are recorded, not run. That gives
thousands of configurations, too many to compile each; but a compilation fails because of one value,
or because of two together. So :func:`covering` chooses few configurations: for each kernel, every
value of every argument and constant and every target occur in some, and so does ``FRACTION`` (nine
tenths by default) of the pairs of them that are launched together. After work on a kernel's
arguments, ``FRACTION`` 1 compiles all pairs, which takes three times as long. A line for each
configuration is printed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import reduce
from heapq import heapify, heapreplace
from importlib import import_module
from itertools import combinations
from operator import itemgetter, or_
from random import Random
from typing import Any
from unittest import mock

import torch
from triton import compiler
from triton.backends.compiler import GPUTarget

from graphmp.kernels.contract import EDGE, OTHER
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
Candidate = tuple[Launch, str]
FEATURES = {"left", "value", "values", "data"}  # operands whose rows are loaded


def argument_types(launch: Launch) -> dict[str, Any]:
    """The types of a kernel's arguments, by name."""
    return dict(zip([p.name for p in launch.kernel.params], launch.types, strict=False))


def text_of(kind: Any) -> Any:
    """What Triton calls the type of an argument; a tuple of types is one of names."""
    return tuple(map(text_of, kind)) if isinstance(kind, tuple) else TYPES[kind]


def paths_of_tensors(index: int, kind: Any) -> list[tuple[int, ...]]:
    """Where the tensors of an argument are: its index, and that in a tuple."""
    if isinstance(kind, tuple):
        return [(index, at) for at in range(len(kind))]
    return [(index,)] if isinstance(kind, torch.dtype) else []


def compiled(launch: Launch, target: GPUTarget) -> Any:
    """A kernel compiled for a target, with tensors that start at multiples of 16 bytes."""
    names, types = [p.name for p in launch.kernel.params], argument_types(launch)
    signature = {n: text_of(types[n]) if n in types else "constexpr" for n in names}
    paths = [path for i, n in enumerate(names) for path in paths_of_tensors(i, types.get(n))]
    aligned = {path: [["tt.divisibility", 16]] for path in paths}
    source = compiler.ASTSource(
        fn=launch.kernel, signature=signature, constexprs=dict(launch.constants), attrs=aligned
    )
    options = {"num_warps": launch.warps, "enable_fp_fusion": True}
    return compiler.compile(source, target=target, options=options)


def launches(family: str, calls: int = CALLS, seed: int = 0) -> list[Launch]:
    """The distinct launches of random calls of a family; some have ids that need 64 bits."""
    random, call = Random(seed), import_module(f"support.ahead_{family}").call
    with recording() as recorded:
        for _ in range(calls):
            largest = layout.LARGEST if random.random() < 0.8 else 0
            with mock.patch.object(layout, "LARGEST", largest):
                call(random)
    return sorted(recorded, key=repr)


def facts(launch: Launch, target: str) -> list[tuple[str, object]]:
    """The names and values that a compilation depends on."""
    return [
        ("target", target),
        ("warps", launch.warps),
        *launch.constants,
        *((name, str(kind)) for name, kind in argument_types(launch).items()),
    ]


def meetings(candidates: Sequence[Candidate], size: int) -> list[int]:
    """For each candidate, the groups of ``size`` facts that occur in it, as bits of a number."""
    numbers: dict[object, int] = {}

    def bits(launch: Launch, target: str) -> int:
        groups = combinations(sorted(facts(launch, target), key=itemgetter(0)), size)
        return reduce(or_, (1 << numbers.setdefault(group, len(numbers)) for group in groups))

    return [bits(*candidate) for candidate in candidates]


def greedily(masks: Sequence[int], chosen: Sequence[int], fraction: float) -> list[int]:
    """The indices of masks that, with those ``chosen``, have ``fraction`` of all bits.

    The next is always one with the most bits that are new.
    """
    every, covered = (reduce(or_, each, 0) for each in (masks, [masks[at] for at in chosen]))
    missing, indices = every & ~covered, list(chosen)
    # The gain of a candidate only falls, so that one whose recomputed gain stays first is the best.
    order = [(-mask.bit_count(), at) for at, mask in enumerate(masks)]
    heapify(order)
    while missing.bit_count() > (1 - fraction) * every.bit_count():
        _, at = order[0]
        gain = (-(masks[at] & missing).bit_count(), at)
        heapreplace(order, gain)
        if order[0] == gain:
            indices.append(at)
            missing &= ~masks[at]
    return indices


def covering(recorded: Sequence[Launch], fraction: float) -> list[Candidate]:
    """Few launches and targets, in which every fact and ``fraction`` of all pairs occur."""
    chosen = []
    for kernel in dict.fromkeys(launch.kernel for launch in recorded):
        launches = [launch for launch in recorded if launch.kernel == kernel]
        candidates = [(launch, target) for launch in launches for target in TARGETS]
        pairs = greedily(meetings(candidates, 2), [], fraction)
        chosen += [candidates[at] for at in greedily(meetings(candidates, 1), pairs, 1.0)]
    return chosen


def expected_load(launch: Launch) -> int:
    """The bytes that a load of features should read, 0 if their rows need not be aligned."""
    operand = next((t for n, t in argument_types(launch).items() if n in FEATURES), None)
    constants = dict(launch.constants)
    if isinstance(operand, tuple):  # those of an edge are loaded for many edges at once
        pairs = zip(constants["KINDS"], constants["ENDS"], strict=True)
        is_wide = any(kind == "whole" and end in (OTHER, EDGE) for kind, end in pairs)
        operand = operand[0] if is_wide else None
    align: int = constants.get("ALIGN", 1)
    return 16 if operand is not None and align * operand.itemsize == 16 else 0


def widest_load(program: Any) -> int:
    """The bytes of the widest load from global memory in the PTX of a program."""
    loads = [line for line in program.asm["ptx"].splitlines() if "ld.global" in line]
    widths = [next((w for name, w in LOADS.items() if name in line), 4) for line in loads]
    return max(widths, default=0)


if __name__ == "__main__":
    torch.set_num_threads(1)  # families are compiled in parallel
    _, family, *options = sys.argv
    for each, name in covering(launches(family), float(*options or ["0.9"])):
        what = each.kernel.fn.__name__, name, facts(each, name)
        try:
            program = compiled(each, TARGETS[name])
            is_narrow = "ptx" in program.asm and widest_load(program) < expected_load(each)
            print(*what, "loads less than 16 bytes" if is_narrow else "compiles", flush=True)
        except Exception as error:  # noqa: BLE001 - a failure must not hide the others
            print(*what, f"fails: {error!r}", flush=True)
