"""Readers of file formats; they trust no file.

Files:
    arrays: Arrays of NumPy, SciPy and MATLAB.
    gin: The text format of the code of GIN.
    numbers: Numbers in text.
    planetoid: The pickles of Planetoid.
    text: Text files and their lines.
    turtle: Triples in Turtle.
"""
