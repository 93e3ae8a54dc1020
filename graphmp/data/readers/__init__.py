"""Readers of file formats; they trust no file.

Files:
    arrays: Arrays of NumPy and SciPy.
    gin: The text format of the code of GIN.
    matlab: Variables of MATLAB.
    numbers: Numbers in text.
    planetoid: The pickles of Planetoid.
    text: Text files and their lines.
    turtle: Triples in Turtle.
"""
