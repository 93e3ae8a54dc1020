"""Products of matrices in reduce functions, as products and sums of messages.

A mailbox (n, degree, k) may be transposed for such a product, and for a softmax before it. A sum
over the degree is a reduction; a sum over features gives messages again.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .recording.arguments import named
from .recording.elementwise import ELEMENTWISE
from .recording.purity import Impure
from .standins import Standin, flat

_TRANSPOSES = named("transpose") | named("swapaxes")
_PERMUTATIONS, _EINSUM, _SOFTMAX = named("permute"), named("einsum"), named("softmax")
_MATRICES = {function for name in ("bmm", "matmul", "__matmul__") for function in named(name)}
_OF_NUMBERS = {function for name in ELEMENTWISE for function in named(name)}
_RANK = 3  # of batches of matrices


def contracted(call: Any, func: Any, args: Any, kwargs: Any) -> Any:
    """A product of matrices, or a function of transposed messages; else NotImplemented.

    Args:
        call: the call of the reduce function.
        func: the function.
        args: its arguments.
        kwargs: its named arguments.

    Raises:
        Impure: it is another function of transposed messages.
    """
    if func in _EINSUM and not kwargs:
        return _einsum(*args)
    if func in _MATRICES and len(args) == 2 and not kwargs:
        result = _product(call, *args)
    else:
        result = _transposed(call, func, args, kwargs)
    tensors = [a for a in flat((args, kwargs)) if isinstance(a, Standin)]
    if result is NotImplemented and any(a.transposed is not None for a in tensors):
        name = getattr(func, "__name__", repr(func))
        raise Impure(f"it calls {name} of transposed messages")
    return result


def _transposed(call: Any, func: Any, args: Any, kwargs: Any) -> Any:
    """The transpose of messages, or a function of it that is one of messages too."""
    first = args[0] if args else None
    if not isinstance(first, Standin) or first.rows is not None or first.ndim != _RANK:
        return NotImplemented
    is_transpose = func in _TRANSPOSES and _dims(args, kwargs) in ((1, 2), (2, 1))
    if is_transpose or (func in _PERMUTATIONS and _dims(args, kwargs) == (0, 2, 1)):
        return call.transposed(first) if first.transposed is None else first.transposed
    if first.transposed is None or any(isinstance(a, Tensor) for a in flat((args[1:], kwargs))):
        return NotImplemented
    if func in _SOFTMAX and _dims(args, kwargs) == (2,):
        return call.transposed(torch.softmax(first.transposed, 1))
    if func in _OF_NUMBERS:
        return call.transposed(func(first.transposed, *args[1:], **kwargs))
    return NotImplemented


def _dims(args: Any, kwargs: Any) -> tuple[int, ...] | None:
    """The dimensions that a call names, none of them negative; None for other arguments."""
    dims = tuple(flat([args[1:], kwargs]))
    if any(type(dim) is not int for dim in dims):
        return None
    return tuple(dim % _RANK for dim in dims)


def _product(call: Any, left: Any, right: Any) -> Any:
    """A product of two batches of matrices, of which one at least is of messages."""
    if not all(isinstance(x, Standin) and x.ndim == _RANK for x in (left, right)):
        return NotImplemented
    if left.transposed is not None and right.rows is None and right.transposed is None:
        messages = left.transposed  # (n, degree, a), and the other (n, degree, b)
        if messages.shape[2] == 1:
            return (messages * right).sum(1, keepdim=True)
        if right.shape[2] == 1:
            return (messages * right).sum(1).unsqueeze(2)
        return (messages.unsqueeze(3) * right.unsqueeze(2)).sum(1)
    if right.transposed is not None and left.rows is not None and left.rows.shape[1] == 1:
        return call.transposed((left * right.transposed).sum(2, keepdim=True))
    is_mailbox = left.rows is None and left.transposed is None
    if is_mailbox and right.rows is not None and right.rows.shape[2] == 1:
        return (left * right.transpose(1, 2)).sum(2, keepdim=True)
    return NotImplemented


def _einsum(equation: Any, *operands: Any) -> Any:
    """``einsum`` of mailboxes and rows: their product, summed over the degree and features."""
    if len(operands) == 1 and isinstance(operands[0], (tuple, list)):
        operands = tuple(operands[0])
    if not isinstance(equation, str) or not all(isinstance(x, Standin) for x in operands):
        return NotImplemented
    inputs, _, output = equation.replace(" ", "").partition("->")
    terms = inputs.split(",")
    letters = _letters(terms, output, operands)
    if letters is None:
        return NotImplemented
    first, features = letters
    degree = first[1]
    product = None
    for term, operand in zip(terms, operands, strict=True):
        full = operand if operand.rows is None else operand.unsqueeze(1)
        for position, letter in enumerate(features, 2):
            full = full if letter in term else full.unsqueeze(position)
        product = full if product is None else product * full
    assert product is not None  # there is an operand
    total = product if degree in output else product.sum(1)
    summed = [-1 - i for i in range(sum(letter not in output for letter in features))]
    return total.sum(summed) if summed else total


def _letters(terms: list[str], output: str, operands: Any) -> tuple[str, str] | None:
    """The letters of nodes and degrees, and those of features in the order of the product.

    Returns:
        Both, the features that are summed last; None where an operand has another order.
    """
    mailboxes = {t[:2] for t, x in zip(terms, operands, strict=False) if x.rows is None}
    if len(terms) != len(operands) or len(mailboxes) != 1 or not "".join(terms).isalpha():
        return None
    (first,) = mailboxes
    if len(first) != 2 or any(len(set(term)) != len(term) for term in (*terms, output)):
        return None
    every = dict.fromkeys(output + "".join(terms))
    features = "".join(letter for letter in every if letter not in first)
    for term, operand in zip(terms, operands, strict=True):
        start = first if operand.rows is None else first[0]
        if term != start + "".join(letter for letter in features if letter in term):
            return None
    is_mailbox = first[1] in output
    start = first if is_mailbox else first[0]
    return (first, features) if output.startswith(start) else None
