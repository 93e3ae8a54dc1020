"""Datasets of one graph whose nodes have classes.

Files:
    aifb: AIFB, a relational graph of a research institute.
    citation: Cora, Citeseer and PubMed.
    co_purchase: Goods bought together, authors, all of Cora.
    fraud: Fraud in reviews.
    geom_gcn: Web pages and actors.
    graph_saint: Flickr and Yelp.
    heterophilous: Graphs most of whose edges join different classes.
    karate: Zachary's karate club.
    rdf: MUTAG, BGS, AM, and the base class of AIFB.
    reddit: Reddit.
    wiki_cs: Wiki-CS.
"""
