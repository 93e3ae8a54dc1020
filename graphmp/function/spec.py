"""Frozen, hashable records that describe one call of a builtin."""

from __future__ import annotations

from dataclasses import dataclass

from .operators import BinaryOp, Reducer

TARGETS = ("u", "v", "e")  # source, destination, edge


@dataclass(frozen=True)
class Field:
    """One input of a message.

    Attributes:
        target: where it lies: ``"u"`` source, ``"v"`` destination, ``"e"`` edge.
        field: the name of the feature.
    """

    target: str
    field: str


class BuiltinFunction:
    """Base of the builtins: an instance is no function of a user."""


@dataclass(frozen=True, repr=False)
class Message(BuiltinFunction):
    """A builtin message function.

    Attributes:
        op: the row of the operator; None copies ``lhs``.
        lhs: the left operand.
        rhs: the right operand; None when ``op`` is None.
        out: the name of the message.
    """

    op: BinaryOp | None
    lhs: Field
    rhs: Field | None
    out: str

    def __repr__(self) -> str:
        fields = [operand.field for operand in (self.lhs, self.rhs) if operand is not None]
        return f"{self.name}({', '.join(map(repr, [*fields, self.out]))})"

    @property
    def name(self) -> str:
        """The builder's name, for example ``"u_mul_e"``."""
        if self.op is None or self.rhs is None:
            return f"copy_{self.lhs.target}"
        return f"{self.lhs.target}_{self.op.name}_{self.rhs.target}"

    @property
    def out_field(self) -> str:
        """The name of the message."""
        return self.out


class CopyMessageFunction(Message):
    """A message that is a feature of one end or of the edge."""

    @property
    def target(self) -> int:
        """Where the feature lies: 0 at the source, 1 at the destination, 2 on the edge."""
        return TARGETS.index(self.lhs.target)

    @property
    def in_field(self) -> str:
        """The name of the feature."""
        return self.lhs.field


class BinaryMessageFunction(Message):
    """A message of two operands."""

    @property
    def binary_op(self) -> str:
        """The name of the operator, for example ``"mul"``."""
        return "" if self.op is None else self.op.name

    @property
    def lhs_field(self) -> str:
        """The name of the left operand's feature."""
        return self.lhs.field

    @property
    def rhs_field(self) -> str:
        """The name of the right operand's feature."""
        return "" if self.rhs is None else self.rhs.field


@dataclass(frozen=True, repr=False)
class Reduce(BuiltinFunction):
    """A builtin reduce function.

    Attributes:
        reducer: the row of the reducer.
        msg: the name of the message.
        out: the name of the result.
    """

    reducer: Reducer
    msg: str
    out: str

    def __repr__(self) -> str:
        return f"{self.name}({self.msg!r}, {self.out!r})"

    @property
    def name(self) -> str:
        """The builder's name, for example ``"mean"``."""
        return self.reducer.name

    @property
    def msg_field(self) -> str:
        """The name of the message."""
        return self.msg

    @property
    def out_field(self) -> str:
        """The name of the result."""
        return self.out
