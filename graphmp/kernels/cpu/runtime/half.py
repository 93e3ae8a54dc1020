"""Whether the CPU converts float16; LLVM calls functions that are missing where it cannot.

LLVM ends the process when machine code calls a function that it cannot find, so it is asked before
anything is compiled, for the CPU that Numba compiles for.
"""

from __future__ import annotations

from functools import cache

from llvmlite import binding
from numba.core.registry import cpu_target

_CONVERSIONS = """
define <8 x half> @narrow(<8 x float> %wide) {
  %half = fptrunc <8 x float> %wide to <8 x half>
  ret <8 x half> %half
}
define <8 x float> @widen(<8 x half> %half) {
  %wide = fpext <8 x half> %half to <8 x float>
  ret <8 x float> %wide
}
"""
_FUNCTIONS = ("__extendhfsf2", "__truncsfhf2", "__gnu_h2f_ieee", "__gnu_f2h_ieee")


@cache
def is_converted() -> bool:
    """Whether loops can read and write float16."""
    return converts(*cpu_target.target_context.codegen().magic_tuple())


def converts(triple: str, cpu: str, features: str) -> bool:
    """Whether a CPU has instructions that convert float16, as LLVM names CPUs."""
    machine = binding.Target.from_triple(triple).create_target_machine(cpu=cpu, features=features)
    assembly = machine.emit_assembly(binding.parse_assembly(_CONVERSIONS))
    return not any(name in assembly for name in _FUNCTIONS)
