"""Readers of file formats; they trust no file.

Files:
    gin: The text format of the code of GIN.
    planetoid: The pickles of Planetoid.
    turtle: Triples in Turtle.
"""
