"""Graph convolutions: one layer, one paper, one file.

Files:
    agnn_conv: AGNNConv.
    appnp_conv: APPNPConv.
    atomic_conv: AtomicConv and RadialPooling.
    cf_conv: CFConv.
    cheb_conv: ChebConv.
    cugraph_gat_conv: CuGraphGATConv.
    cugraph_rel_graph_conv: CuGraphRelGraphConv.
    cugraph_sage_conv: CuGraphSAGEConv.
    dense_cheb_conv: DenseChebConv.
    dense_graph_conv: DenseGraphConv.
    dense_sage_conv: DenseSAGEConv.
    dgn_conv: DGNConv.
    dotgat_conv: DotGatConv.
    edge_conv: EdgeConv.
    edge_gat_conv: EdgeGATConv.
    edge_weight_norm: EdgeWeightNorm.
    egat_conv: EGATConv.
    egnn_conv: EGNNConv.
    gat_conv: GATConv.
    gated_graph_conv: GatedGraphConv.
    gatedgcn_conv: GatedGCNConv.
    gatv2_conv: GATv2Conv.
    gcn2_conv: GCN2Conv.
    gin_conv: GINConv.
    gine_conv: GINEConv.
    gmm_conv: GMMConv.
    graph_conv: GraphConv.
    group_rev_res: GroupRevRes.
    hgt_conv: HGTConv.
    label_propagation: LabelPropagation.
    lightgcn_conv: LightGCNConv.
    lrgccf_conv: LRGCCFConv.
    nn_conv: NNConv.
    pna_conv: PNAConv.
    rel_graph_conv: RelGraphConv.
    sage_conv: SAGEConv.
    sg_conv: SGConv.
    tag_conv: TAGConv.
    transformer_conv: TransformerConv.
    twirls_conv: TWIRLSConv.
    twirls_unfolding: TWIRLSUnfoldingAndAttention.
"""
