"""The SIMD toolkit: vectors of eight numbers that loops keep in registers.

Files:
    addresses: Row ids of operands, and prefetching.
    llvm: LLVM code that the SIMD operations emit.
    sums: Sums across vectors and within a vector.
    vector: Tiles of vectors: load, store, arithmetic, comparison.
"""
