"""The Triton kernels: each program works on one piece of a row, or on one row.

``ALIGN`` is a power of two that divides the elements of a row, so that loads of several elements
can be one. Sizes are not compiled for: blocks that change shape each step compile nothing.

Files:
    attention: Attention forward.
    attention_gradient: The gradients of attention.
    edges: Messages kept at edges.
    extremes: Maximum and minimum of messages, with argument.
    messages: Messages of two operands, a tile at a time.
    philox: Philox 4x32-10.
    pieces: The second pass that adds partial results in order.
    products: The gradient of a weighted sum.
    sampling: Uniform neighbour sampling and relabelling.
    scatter: The gradient of a maximum.
    scores: Rows by head, scores and dropout that attention programs share.
    softmax: Softmax over the edges of rows, and its gradient.
    sums: Sums of messages.
    walking: Uniform random walks.
    weighted_sampling: Weighted neighbour sampling.
"""
