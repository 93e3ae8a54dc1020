"""Message passing over relations: check the functions, aggregate, combine across types.

Files:
    aggregate: Message and reduce functions, resolved once, then computed, combined and finished.
    check: Checks of message and reduce functions.
    contractions: Products of matrices in reduce functions.
    cross: Reduction over edge types.
    dimensions: Dimensions of messages, with and without that of the degree.
    mailboxes: Reduce functions, recorded: called once for all nodes.
    partials: Partial results of several relations, combined.
    recording: Functions of torch, recorded instead of computed.
    reductions: Reductions of messages, recorded.
    relation: One edge type with the frames at its ends, and the relations into one node type.
    standins: In place of the tensors and sizes of a reduce function.
    udf: User-defined functions: the batches they receive and the checks on what they return.
    verification: The check of what recorded functions gave, at some nodes or edges.
    weighting: Attention written by hand, as one operation.
"""
