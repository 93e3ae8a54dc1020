"""The parts of class Graph: its state, and a file for each family of methods.

Files:
    batch_info: The numbers of nodes and edges of each graph in a batch.
    display: Text and HTML representations.
    drawing: A drawing of the metagraph as SVG.
    export: Conversion to sparse matrices, NetworkX and edge indices.
    features: Frames of node and edge features, views of them, and scopes.
    mutation: Add and remove nodes and edges in place.
    propagation: Message passing along some edges: send_and_recv, push, pull and traversals.
    pytree: A graph as a pytree, for torch.export.
    queries: Which nodes and edges exist, and which are adjacent.
    structure: Types, counts and degrees.
    subgraph: Subgraphs induced by nodes or edges.
    traversal: Generators of breadth-first and topological frontiers.
    type_subgraph: Subgraphs of some types, and several relations merged into one.
    verbs: Message passing along all edges, and functions applied to nodes and edges.
    views: Views of some rows of a frame, and of the frames of several types.
"""
