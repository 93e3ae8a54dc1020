"""The parts of class Graph: its state, and a file for each family of methods.

Files:
    apply_each: A function applied to each value of a dict or a list.
    arguments: How methods and functions read the nodes and edges that a user names.
    batch_info: The numbers of nodes and edges of each graph in a batch.
    conversion: Copies of a graph, on another device, with another id type or other layouts.
    depth_first: Generators of the steps of depth-first searches.
    describe: Numbers about a graph: degrees, components and others.
    display: Text and HTML representations.
    drawing: A drawing of the metagraph as SVG.
    edgewise: Edge features from node features, as functions.
    explain: What becomes of functions of one's own.
    export: Conversion to sparse matrices, NetworkX and edge indices.
    feature_storage: Features that are read by rows.
    features: How users read and write features, and scopes.
    frames: The frames of all node and edge types.
    line: The line graph.
    mutation: Add and remove nodes and edges in place.
    neighbourhood: Subgraphs of the nodes within some steps of others.
    partition: Parts of similar size with few edges between them.
    picture: What a picture of a graph shows, whichever library draws it.
    plot: Pictures of graphs: on axes of matplotlib, or in a widget.
    propagation: Message passing along some edges: send_and_recv, push, pull and traversals.
    pytree: A graph as a pytree, for torch.export.
    queries: Which nodes and edges exist, and which are adjacent.
    reorder: Nodes and edges in another order.
    reverse: The reverse of a graph.
    search_order: Message passing in the order of a search, as functions.
    self_loops: Add and remove self-loops.
    shown: How samplers, loaders and transforms show themselves.
    simple: Merge parallel edges.
    state: Every attribute of a graph, and the only code that writes them.
    structure: Types, counts and degrees.
    subgraph: Subgraphs induced by nodes or edges.
    traversal: Generators of breadth-first and topological frontiers.
    type_subgraph: Subgraphs of some types, and several relations merged into one.
    verbs: Message passing along all edges, and functions applied to nodes and edges.
    views: Views of some rows of a frame, and of the frames of several types.
    widget: Pictures of graphs that one zooms and searches in a notebook, with ipysigma.
"""
