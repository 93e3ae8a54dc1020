"""The loops that Numba compiles, each over a range of rows.

Files:
    attention: Attention forward.
    attention_gradient: The gradients of attention.
    labor: LABOR sampling.
    philox: Philox 4x32-10 for loops.
    sampling: Neighbour sampling and relabelling.
    spmm_plain: Message loops over single numbers, for every dtype.
    spmm_tiled: Message loops over tiles of SIMD registers, for floating point.
    topk: Edges of greatest or least weight, by a heap.
    walking: Random walks.
"""
