"""Datasets that are generated, not read.

Files:
    minigc: Graphs of eight kinds.
    motifs: Base graphs with motifs.
    planted: Graphs with planted communities.
    sbm: Stochastic block models.
"""
