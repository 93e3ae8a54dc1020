"""Readers of file formats; they trust no file.

Files:
    arrays: Arrays of NumPy, SciPy and MATLAB.
    compressed_rows: Sparse matrices.
    gin: The text format of the code of GIN.
    numbers: Numbers in text.
    pickles: Pickles of numbers, of which nothing runs.
    planetoid: The pickles of Planetoid.
    text: Text files and their lines.
    turtle: Triples in Turtle.
"""
