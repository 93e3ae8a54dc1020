"""Readers of file formats; they trust no file.

Files:
    compressed_rows: Sparse matrices.
    gin: The text format of the code of GIN.
    pickles: Pickles of numbers, of which nothing runs.
    planetoid: The pickles of Planetoid.
    turtle: Triples in Turtle.
"""
