"""Datasets about edges: link prediction, recommendation, graphs over time.

Files:
    gowalla: Gowalla, for recommendation.
    knowledge_graph: Knowledge graphs, for link prediction.
    movielens: MovieLens, ratings of films.
    temporal: Graphs over time.
"""
