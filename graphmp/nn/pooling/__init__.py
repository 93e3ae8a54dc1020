"""Pooling layers: one row for each graph of a batch, or a smaller graph.

Files:
    global_attention_pooling: GlobalAttentionPooling.
    sag_pooling: SAGPooling.
    set2set: Set2Set.
    set_attention: Attention between the nodes of each graph.
    set_transformer: SetTransformerEncoder and SetTransformerDecoder.
    simple: SumPooling, AvgPooling and MaxPooling.
    sort_pooling: SortPooling.
    topk_pooling: TopKPooling.
    weight_and_sum: WeightAndSum.
"""
