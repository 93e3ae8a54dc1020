"""Datasets of many graphs.

Files:
    gin: Graph classification sets in the GIN text format.
    tu: The TU Dortmund collection.
"""
