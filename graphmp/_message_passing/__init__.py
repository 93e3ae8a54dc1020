"""Message passing over relations: check the functions, aggregate, combine across types.

Files:
    aggregate: Partial results of relations, combined and finished.
    udf: User-defined functions: the batches they receive and the checks on what they return.
"""
