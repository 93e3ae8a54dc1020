"""The numbers by which loops know the operators of messages."""

from __future__ import annotations

from ...contract import OPS

COPY, ADD, SUB, MUL, DIV = map(OPS.index, ("copy", "add", "sub", "mul", "div"))
