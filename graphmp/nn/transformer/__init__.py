"""Graph transformers on padded batches: attention between all nodes, and encodings of positions.

Files:
    biased_mha: BiasedMHA: multi-head attention with a bias for each pair.
    degree_encoder: DegreeEncoder.
    egt_layer: EGTLayer.
    graphormer_layer: GraphormerLayer.
    lap_pos_encoder: LapPosEncoder.
    path_encoder: PathEncoder.
    spatial_encoder: SpatialEncoder and SpatialEncoder3d.
"""
