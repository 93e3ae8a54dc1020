"""Embeddings of nodes, edges and relations.

Files:
    deep_walk: DeepWalk.
    meta_path2vec: MetaPath2Vec.
    node_embedding: NodeEmbedding.
    skip_gram: The skip-gram objective that walks share.
    trans_e: TransE.
    trans_r: TransR.
"""
