"""In place of the tensors and sizes of a reduce function, while it is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from torch import Tensor

from .recording import notes
from .recording.purity import Impure, Unwatched
from .recording.values import Leaf, Value

NUM_NODES, DEGREE = 1_000_003, 7919  # the sizes of stand-ins, which nothing reads


class Size(int):
    """The number of nodes or messages of a mailbox, which differs between calls: only its place."""

    what = "number of nodes"

    def _refuse(self, *_: Any) -> NoReturn:
        raise Impure(f"it computes with the {self.what} of a mailbox")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refuse
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _refuse
    __pow__ = __rpow__ = __neg__ = __float__ = __int__ = __str__ = __repr__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __format__ = _refuse

    __hash__ = _refuse

    def __bool__(self) -> bool:
        """True: there is a node, and a message, at each call."""
        return True


class Degree(Size):
    """The number of messages of each node."""

    what = "number of messages"


class Standin(Tensor):
    """In place of a tensor of a reduce function.

    Attributes:
        rows: (n, …) the numbers, if it has a row for each node; None for a mailbox.
        call: the call of the function.
        origin: the function that gave it, and its arguments; None for features and messages.
        logits: the messages of which it is the softmax, or None.
        product: the logits and the features of the sources, if it is their weighted product.
        transposed: the messages of which it is the transpose, or None.
    """

    rows: Tensor | None
    call: Any
    origin: tuple[Any, Any, Any] | None = None
    logits: Value | None = None
    product: tuple[Value, Leaf] | None = None
    transposed: Standin | None = None
    _messages: tuple[Value, ...] | Callable[[], tuple[Value, ...]]

    @property
    def messages(self) -> tuple[Value, ...]:
        """Of a mailbox those of each relation; they are asked for once they are needed."""
        if callable(self._messages):
            self._messages = self._messages()
        return self._messages

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Record a function of torch, or refuse it."""
        kwargs = kwargs or {}
        with Unwatched():
            call = next(a.call for a in flat((args, kwargs)) if isinstance(a, Standin))
            result = call.record(func, args, kwargs)
        if result is NotImplemented:
            name = getattr(func, "__name__", repr(func))
            raise Impure(f"{notes.line()}: {name} is not recorded with such arguments")
        return result

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> NoReturn:
        """Refuse a function of which Python was not told."""
        raise Impure(f"it calls {func}, which reads numbers")


def flat(argument: Any) -> Iterator[Any]:
    """The arguments of a call, also those in tuples, lists and dicts."""
    if isinstance(argument, (tuple, list)):
        for part in argument:
            yield from flat(part)
    elif isinstance(argument, dict):
        yield from flat(list(argument.values()))
    else:
        yield argument
