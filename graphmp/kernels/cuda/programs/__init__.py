"""The Triton programs.

How a program is laid out, with :func:`.sums.sum_rows` as the example:

- **Pieces.** The first grid axis is over the pieces of :class:`..layout.Pieces`: a short row is
  one piece, a long row several. Program ``i`` loads ``rows[i]`` (-1: nothing to do), the positions
  ``starts[i]`` to ``ends[i]`` of its edges, and ``slots[i]``. A whole row is stored in ``out``; a
  piece of a long row stores its partial result in its slot, and a second program
  (:func:`.pieces.add_pieces`) joins the slots of each row in order, without atomics.
- **Tiles.** A program loops over its edges, ``EDGES`` at a time, and accumulates a tile such as
  [``EDGES``, ``HEADS``, ``WIDTH``]. It reduces the tile over the edges once, after the loop. The
  second grid axis is over the tiles of a row's features, so that programs that run together gather
  the same features of neighbouring rows.
- **Constants.** Upper case arguments are compiled for: tile sizes, which are powers of two, and
  choices such as ``OP`` or ``SUMMED``. Their values come from few sizes (:mod:`..features`), so few
  programs are compiled. ``ALIGN`` is a power of two that divides the elements of a row:
  ``size // ALIGN * ALIGN`` shows that to the compiler, which then loads 16 bytes at once.
- **Numbers.** Lower case numbers are listed in ``do_not_specialize``: sampled blocks change shape
  in each step, and compile nothing. Ids are loaded in their dtype and widened to int64 before they
  are multiplied. A number of 64 bits is passed as two halves.
- **Masks.** Lanes past the end of a row, or past its last feature, load a neutral element.
- **Dtypes.** Values are accumulated in the dtype of the partial results, which is float32 for
  float16 and bfloat16, and rounded once when they are stored.

Files:
    attention: Attention forward.
    attention_gradient: The gradients of attention.
    dropout: Dropout, and its gradient after a ReLU.
    edges: Messages stored at edges.
    elementwise: The operators of expressions.
    expressions: Messages that are expressions.
    extremes: Maximum and minimum of messages, with argument.
    gather: Renumbering of nodes.
    messages: Messages of two operands, a tile at a time.
    philox: Philox 4x32-10.
    pieces: Loads of pieces, and the second pass that adds partial results in order.
    products: The gradient of a weighted sum.
    sampling: Uniform neighbour sampling.
    scatter: The gradient of a maximum.
    scores: Loads and sums of heads, scores and dropout, which attention's programs share.
    softmax: Softmax over the edges of rows, and its gradient.
    sums: Sums of messages.
    walking: Uniform random walks.
    weighted_sampling: Weighted neighbour sampling, with and without replacement.
"""
