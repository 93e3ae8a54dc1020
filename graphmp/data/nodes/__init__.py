"""Datasets of one graph whose nodes have classes.

Files:
    aifb: AIFB, a relational graph of a research institute.
    citation: Cora, Citeseer and PubMed.
    karate: Zachary's karate club.
"""
