"""Messages that are expressions: summed into rows, compared, or stored at the edges.

The programs are those of :mod:`.sums`, :mod:`.extremes` and :mod:`.edges` with an expression in
place of two operands, and one for the edges that gave an extreme. They are compiled for the
expression:

- ``ENDS`` and ``KINDS``: of each operand, the end of an edge that it is read at, and where its
  elements are, as in :mod:`..features`.
- ``READS``: whether the ids of rows, of other ends and of edges are needed.
- ``OPERATORS`` and ``ARGUMENTS``: of each step, the operator and the three values that it takes, of
  which it may ignore the last. Values are numbered as in
  :class:`~graphmp.kernels.expression.Expression`; ``CONSTANTS`` of them are constants.
- ``RESULTS``: the values that are the messages.

Operands are a tuple: of their data, their tables, the numbers of elements of their rows, and the
constants; the first two are tuples of tensors.
"""

from __future__ import annotations

import triton
import triton.language as tl

from .elementwise import operator
from .extremes import extreme_of, is_better, store_extreme
from .messages import load_elements, tile_of_program
from .pieces import load_piece
from .sums import store_sum

NUMBERS = ("heads", "width")  # arguments that are not compiled for


@triton.jit
def load_numbers(pointer, COUNT: tl.constexpr):
    """The first numbers of a tensor, as a tuple."""
    numbers = ()
    for nth in tl.static_range(COUNT):
        numbers += (tl.load(pointer + nth),)
    return numbers


@triton.jit
def load_ends(indices, eids, position, inside, READS: tl.constexpr):
    """The other ends and the ids of edges, as far as they are read."""
    other, edge = position, position
    if READS[1]:
        other = tl.load(indices + position, mask=inside, other=0)
    if READS[2]:
        edge = tl.load(eids + position, mask=inside, other=0)
    return other, edge


@triton.jit
def load_operand(
    operands,
    ends,
    inside,
    tile,
    ENDS: tl.constexpr,
    KINDS: tl.constexpr,
    ALIGN: tl.constexpr,
    NTH: tl.constexpr,
):
    """A tile of an operand; the same for all edges if it is not read at their other ends or ids."""
    data, tables, sizes, _ = operands
    row, other, edge = ends
    KIND: tl.constexpr = KINDS[NTH]
    x, table, size, every = data[NTH], tables[NTH], sizes[NTH], tile[0] >= 0
    if ENDS[NTH] == 0:
        return load_elements(x, table, row, size, every, tile, KIND, ALIGN)
    elif ENDS[NTH] == 1:
        return load_elements(x, table, other, size, inside, tile, KIND, ALIGN)
    elif ENDS[NTH] == 2:
        return load_elements(x, table, edge, size, inside, tile, KIND, ALIGN)
    else:
        return load_elements(x, table, row * 0, size, every, tile, KIND, ALIGN)


@triton.jit
def step(values, OPERATORS: tl.constexpr, ARGUMENTS: tl.constexpr, NTH: tl.constexpr):
    """The value of a step."""
    NAME: tl.constexpr = OPERATORS[NTH]
    x, y, z = values[ARGUMENTS[NTH][0]], values[ARGUMENTS[NTH][1]], values[ARGUMENTS[NTH][2]]
    return operator(NAME, x, y, z)


@triton.jit
def evaluate(
    operands,
    ends,
    inside,
    tile,
    DTYPE: tl.constexpr,
    ENDS: tl.constexpr,
    KINDS: tl.constexpr,
    OPERATORS: tl.constexpr,
    ARGUMENTS: tl.constexpr,
    ALIGN: tl.constexpr,
):
    """The values of an expression, tiles that broadcast."""
    values = ()
    for nth in tl.static_range(len(ENDS)):
        value = load_operand(operands, ends, inside, tile, ENDS, KINDS, ALIGN, nth)
        values += (value.to(DTYPE),)
    for nth in tl.static_range(len(operands[3])):
        values += (tl.full((1, 1, 1), operands[3][nth], DTYPE),)
    for nth in tl.static_range(len(OPERATORS)):
        values += (step(values, OPERATORS, ARGUMENTS, nth),)
    return values


@triton.jit(do_not_specialize=[*NUMBERS, "by_count"])
def sum_expressions(
    indices,
    eids,
    rows,
    starts,
    ends,
    slots,
    data,
    tables,
    sizes,
    constants,
    divisor,
    partials,
    outs,
    at_edges,
    heads,
    width,
    by_count,
    ENDS: tl.constexpr,
    KINDS: tl.constexpr,
    READS: tl.constexpr,
    OPERATORS: tl.constexpr,
    ARGUMENTS: tl.constexpr,
    RESULTS: tl.constexpr,
    CONSTANTS: tl.constexpr,
    DIVIDED: tl.constexpr,
    ALIGN: tl.constexpr,
    EDGES: tl.constexpr,
    HEADS: tl.constexpr,
    WIDTH: tl.constexpr,
):
    """Sum messages of a piece into its row, or into its slot; store the last at the edges."""
    row, start, end = load_piece(rows, starts, ends)
    if row >= 0:
        DTYPE: tl.constexpr = partials[0].dtype.element_ty
        slot = tl.load(slots + tl.program_id(0))
        operands = (
            data,
            tables,
            load_numbers(sizes, len(ENDS)),
            load_numbers(constants, CONSTANTS),
        )
        tile, column, is_column, size = tile_of_program(heads, width, False, ALIGN, HEADS, WIDTH)
        lane = tl.arange(0, EDGES)[:, None, None]
        other, edge = load_ends(indices, eids, start + lane, start + lane < end, READS)
        totals = ()
        for _ in tl.static_range(len(outs)):
            totals += (tl.zeros((EDGES, HEADS, WIDTH), DTYPE),)
        for position in range(start, end, EDGES):
            inside = position + lane < end
            # Load the next ids while the rows of this tile are loaded.
            nexts = position + EDGES + lane
            following = load_ends(indices, eids, nexts, nexts < end, READS)
            values = evaluate(
                operands,
                (row, other, edge),
                inside,
                tile,
                DTYPE,
                ENDS,
                KINDS,
                OPERATORS,
                ARGUMENTS,
                ALIGN,
            )
            sums = ()
            for nth in tl.static_range(len(outs)):
                sums += (totals[nth] + tl.where(inside, values[RESULTS[nth]], 0),)
            totals = sums
            for nth in tl.static_range(len(at_edges)):
                value = values[RESULTS[len(outs) + nth]].to(at_edges[nth].dtype.element_ty)
                at = edge.to(tl.int64) * size + column
                tl.store(at_edges[nth] + at, value, mask=inside & is_column)
            other, edge = following
        place = column, is_column, size
        for nth in tl.static_range(len(outs)):
            result = tl.sum(totals[nth], 0, keep_dims=True).to(DTYPE)
            store_sum(
                result,
                row,
                start,
                end,
                slot,
                place,
                (divisor, by_count),
                partials[nth],
                outs[nth],
                DIVIDED,
            )


@triton.jit(do_not_specialize=[*NUMBERS, "worst"])
def compare_expressions(
    indices,
    eids,
    rows,
    starts,
    ends,
    slots,
    data,
    tables,
    sizes,
    constants,
    partials,
    partial_arg,
    out,
    arg,
    heads,
    width,
    worst,
    ENDS: tl.constexpr,
    KINDS: tl.constexpr,
    READS: tl.constexpr,
    OPERATORS: tl.constexpr,
    ARGUMENTS: tl.constexpr,
    RESULTS: tl.constexpr,
    CONSTANTS: tl.constexpr,
    IS_MAX: tl.constexpr,
    WANTS_ARG: tl.constexpr,
    ALIGN: tl.constexpr,
    EDGES: tl.constexpr,
    HEADS: tl.constexpr,
    WIDTH: tl.constexpr,
):
    """Store the extreme of a piece in its row, or in its slot."""
    row, start, end = load_piece(rows, starts, ends)
    if row >= 0:
        DTYPE: tl.constexpr = partials.dtype.element_ty
        slot = tl.load(slots + tl.program_id(0))
        operands = (
            data,
            tables,
            load_numbers(sizes, len(ENDS)),
            load_numbers(constants, CONSTANTS),
        )
        tile, column, is_column, size = tile_of_program(heads, width, False, ALIGN, HEADS, WIDTH)
        lane = tl.arange(0, EDGES)[:, None, None]
        other, edge = load_ends(indices, eids, start + lane, start + lane < end, READS)
        initial = (tl.zeros((1, 1, 1), DTYPE) + worst).to(DTYPE)
        zeros = tl.zeros((EDGES, HEADS, WIDTH), DTYPE)
        best, best_position = zeros + initial, zeros.to(start.dtype) + start + lane
        for position in range(start, end, EDGES):
            inside = position + lane < end
            nexts = position + EDGES + lane
            following = load_ends(indices, eids, nexts, nexts < end, READS)
            values = evaluate(
                operands,
                (row, other, edge),
                inside,
                tile,
                DTYPE,
                ENDS,
                KINDS,
                OPERATORS,
                ARGUMENTS,
                ALIGN,
            )
            value = values[RESULTS[0]]
            replaces = inside & is_better(value, best, IS_MAX)
            best = tl.where(replaces, value, best)
            best_position = tl.where(replaces, position + lane, best_position)
            other, edge = following
        result, best_position = extreme_of(
            best, best_position, start + lane < end, end, initial, DTYPE, IS_MAX
        )
        place = column, is_column, size
        results = partials, partial_arg, out, arg
        store_extreme(result, best_position, row, start, end, slot, place, results, WANTS_ARG)


@triton.jit(do_not_specialize=[*NUMBERS, "num_edges"])
def store_expressions(
    row_ids,
    indices,
    eids,
    data,
    tables,
    sizes,
    constants,
    like,
    out,
    heads,
    width,
    num_edges,
    ENDS: tl.constexpr,
    KINDS: tl.constexpr,
    READS: tl.constexpr,
    OPERATORS: tl.constexpr,
    ARGUMENTS: tl.constexpr,
    RESULTS: tl.constexpr,
    CONSTANTS: tl.constexpr,
    SUMMED: tl.constexpr,
    ALIGN: tl.constexpr,
    EDGES: tl.constexpr,
    HEADS: tl.constexpr,
    WIDTH: tl.constexpr,
):
    """Store the messages of ``EDGES`` positions, computed in the dtype of ``like``.

    With ``SUMMED``, the result has the sum over the width of each head.
    """
    DTYPE: tl.constexpr = like.dtype.element_ty
    operands = data, tables, load_numbers(sizes, len(ENDS)), load_numbers(constants, CONSTANTS)
    tile, column, is_column, size = tile_of_program(heads, width, SUMMED, ALIGN, HEADS, WIDTH)
    head, feature, heads, width = tile
    position = tl.program_id(0).to(tl.int64) * EDGES + tl.arange(0, EDGES)[:, None, None]
    inside = position < num_edges
    row = tl.load(row_ids + position, mask=inside & (READS[0] != 0), other=0)
    other, edge = load_ends(indices, eids, position, inside, READS)
    total = tl.zeros((EDGES, HEADS, WIDTH), DTYPE)
    for start in range(0, width if SUMMED else 1, WIDTH):
        part = (head, start + feature, heads, width)
        values = evaluate(
            operands,
            (row, other, edge),
            inside,
            part,
            DTYPE,
            ENDS,
            KINDS,
            OPERATORS,
            ARGUMENTS,
            ALIGN,
        )
        total += tl.where(start + feature < width, values[RESULTS[0]], 0)
    if SUMMED:
        total = tl.sum(total, 2, keep_dims=True)
    at = edge.to(tl.int64) * size + column
    tl.store(out + at, total.to(out.dtype.element_ty), mask=inside & is_column)


@triton.jit(do_not_specialize=[*NUMBERS, "num_rows"])
def expressions_at_argmax(
    indices,
    eids,
    data,
    tables,
    sizes,
    constants,
    arg,
    like,
    outs,
    heads,
    width,
    num_rows,
    ENDS: tl.constexpr,
    KINDS: tl.constexpr,
    READS: tl.constexpr,
    OPERATORS: tl.constexpr,
    ARGUMENTS: tl.constexpr,
    RESULTS: tl.constexpr,
    CONSTANTS: tl.constexpr,
    ALIGN: tl.constexpr,
    EDGES: tl.constexpr,
    HEADS: tl.constexpr,
    WIDTH: tl.constexpr,
):
    """Store each element of the messages of the edges in ``arg``, of ``EDGES`` rows; else 0."""
    DTYPE: tl.constexpr = like.dtype.element_ty
    operands = data, tables, load_numbers(sizes, len(ENDS)), load_numbers(constants, CONSTANTS)
    tile, column, is_column, size = tile_of_program(heads, width, False, ALIGN, HEADS, WIDTH)
    row = tl.program_id(0).to(tl.int64) * EDGES + tl.arange(0, EDGES)[:, None, None]
    at, inside = row * size + column, (row < num_rows) & is_column
    position = tl.load(arg + at, mask=inside, other=-1)
    is_edge = position >= 0
    other, edge = load_ends(indices, eids, position, is_edge, READS)
    values = evaluate(
        operands,
        (tl.where(row < num_rows, row, 0), other, edge),
        is_edge,
        tile,
        DTYPE,
        ENDS,
        KINDS,
        OPERATORS,
        ARGUMENTS,
        ALIGN,
    )
    for nth in tl.static_range(len(outs)):
        value = tl.where(is_edge, values[RESULTS[nth]], 0)
        tl.store(outs[nth] + at, value.to(outs[nth].dtype.element_ty), mask=inside)
