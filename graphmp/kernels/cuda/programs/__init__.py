"""The Triton kernels: each program works on one piece of a row, or on one row.

``ALIGN`` is a power of two that divides the elements of a row, so that loads of several elements
can be one. Sizes are not compiled for: blocks that change shape each step compile nothing.
"""
