"""What a graph stores: its types, the edges of each relation, and the columns of features.

Files:
    adjacency: The edges of one relation, in coordinate and compressed layouts.
    frame: Named columns of features with one row for each node or edge.
    gather: Differentiable row gathering with a gradient of fixed order.
    layouts: The store of layouts that an adjacency and its reverse share.
    locality: Orders in which rows are visited, for the cache.
    metagraph: Node types and canonical edge types, and how names resolve to them.
    pickled: What a pickle of a graph holds, and what is checked when a pickle or a file is loaded.
    preview: Statistics and the first rows of features, as HTML.
"""
