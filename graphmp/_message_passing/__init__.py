"""Message passing over relations: check the functions, aggregate, combine across types.

Files:
    aggregate: Message and reduce functions, resolved once; partial results combined and finished.
    check: Checks of message and reduce functions.
    cross: Reduction over edge types.
    relation: One edge type with the frames at its ends, and the relations into one node type.
    udf: User-defined functions: the batches they receive and the checks on what they return.
"""
