"""Compiles Triton kernels for a GPU that is not here: ``python ahead.py FAMILY TARGET``.

``calls`` of the module ``ahead_FAMILY`` calls functions of the backend on small tensors of every
kind. Their launches are recorded, not run, so that what is compiled is what would be launched.
Prints a line for each: the name, the types and constants, and the bytes of its widest load.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import torch
from triton import compiler
from triton.backends.compiler import GPUTarget

from graphmp.kernels.cuda.launch import Launch, recording

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


def compiled(launch: Launch, target: GPUTarget) -> Any:
    """A kernel compiled for a target, with tensors that start at multiples of 16 bytes."""
    names = [p.name for p in launch.kernel.params]
    given = dict(zip(names, launch.types, strict=False))
    constants = dict(launch.constants)
    signature = {n: TYPES[given[n]] if n in given else "constexpr" for n in names}
    aligned = {
        (i,): [["tt.divisibility", 16]] for i, n in enumerate(names) if signature[n][0] == "*"
    }
    source = compiler.ASTSource(
        fn=launch.kernel, signature=signature, constexprs=constants, attrs=aligned
    )
    options = {"num_warps": launch.warps, "enable_fp_fusion": True}
    return compiler.compile(source, target=target, options=options)


def launches(family: str) -> list[Launch]:
    """What the functions of a family launch, each once."""
    with recording() as found:
        import_module(f"ahead_{family}").calls()
    return sorted(found, key=repr)


def widest_load(made: Any) -> int:
    """The bytes that the widest load from memory brings; 0 where there is no PTX to read."""
    loads = [line for line in made.asm.get("ptx", "").splitlines() if "ld.global" in line]
    widths = [next((w for name, w in LOADS.items() if name in line), 4) for line in loads]
    return max(widths, default=0)


if __name__ == "__main__":
    for each in launches(sys.argv[1]):
        made = compiled(each, TARGETS[sys.argv[2]])
        constants = dict(each.constants)
        print(each.kernel.fn.__name__, *each.types, constants, f"{widest_load(made)} bytes")
