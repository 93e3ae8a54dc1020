"""Datasets that are generated, not read.

Files:
    planted: Graphs with planted communities.
"""
