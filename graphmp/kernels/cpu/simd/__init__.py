"""The SIMD toolkit: vectors of eight numbers that loops keep in registers.

**Tiles.** A tile is one to sixteen vectors of eight float32 or float64 numbers: consecutive columns
of a row. A loop over the edges of a row holds the row's sum as a tile, adds a tile for each edge,
and stores it once. Left to itself, Numba keeps an accumulator of unknown width in memory and loads
and stores it for every edge, which costs more than the additions. Rows of bfloat16 (arrays of
uint16) and float16 (arrays of int16) are widened to float32 when they are loaded, and rounded to
nearest even when they are stored.

**Tuples carry the width.** LLVM keeps a tile in registers only if it knows the number of vectors
when it compiles. A number would have to be a constant in the source; the *length* of a tuple is
part of its type, and Numba compiles a loop for each combination of types. So a shape is a tuple of
zeros, ``(0, 0, 0, 0)`` for four vectors, and the caller chooses the compiled loop by its argument.
Flags work in the same way: ``()`` is False and ``(0,)`` is True. ``if len(flag):`` costs nothing at
run time, as Numba compiles only the branch that runs.

**Columns that do not fill a vector.** Only a tile of one vector has a mask: its first ``lanes``
numbers count, and nothing beyond them is read or written. A larger tile is always full. A loop
covers a row of 75 columns by tiles of 8, 1 and 1 vectors, the last of which has 3 lanes.

**Arrays go to primitives only.** A loop may call a function that takes numbers and tiles, with
:func:`..runtime.jit.inline`. An array is different: Numba counts the references of an array when it
is bound to a variable, so an inlined function that takes arrays would count at every edge. A
primitive such as :func:`.vector.load` takes the array's address out of the structure and nothing
else. For the same reason all kinds of operands are one primitive, :func:`.vector.load_operand`,
instead of a function that chooses among three. Tuples of arrays are unpacked in the first lines of
a loop, once per call.

**No closures.** A loop that captures its operator from an enclosing function would be written once
for all operators. But Numba names compiled code on disk by the captured values, and captured
functions differ in every process: each would compile again. Loops are functions of a module; what
they are specialised for is in the types of their arguments.

**Edits and the disk cache.** Numba's cache looks at the time stamp of the loop's own file, and
would miss an edit here. :mod:`..runtime.jit` puts a hash of all files of this backend into the name
under which a loop is stored, so that any edit compiles every loop again.

**A primitive.** :func:`.vector.primitive` turns a function into one that loops call. It takes the
Numba types of the arguments, without the first, and returns a signature and a ``generate`` function
that emits LLVM code by llvmlite; the pieces that several need are in :mod:`.llvm`::

    @primitive
    def double(typing, tile):
        def generate(context, builder, signature, args):
            vectors = [builder.fadd(v, v) for v in each(builder, tile, args[0])]
            return pack(builder, tile, vectors)

        return tile(tile), generate

Files:
    addresses: Row ids of operands, and prefetching.
    elementwise: The operators of expressions.
    formula: Expressions of messages, evaluated on tiles.
    llvm: LLVM code that the SIMD operations emit.
    philox: Random words, compared with a threshold.
    sums: Sums across vectors and within a vector.
    vector: Tiles of vectors: load, store, arithmetic, comparison.
"""
