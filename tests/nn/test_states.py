"""Parameters have DGL's names and shapes, or PyG's. A new layer is a row of ``STATES``."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from graphmp.nn import (
    AGNNConv,
    APPNPConv,
    AtomicConv,
    BiasedMHA,
    CFConv,
    ChebConv,
    CuGraphGATConv,
    CuGraphRelGraphConv,
    CuGraphSAGEConv,
    DegreeEncoder,
    DenseChebConv,
    DenseGraphConv,
    DenseSAGEConv,
    DGNConv,
    DotGatConv,
    EdgeConv,
    EdgeGATConv,
    EdgeWeightNorm,
    EGATConv,
    EGNNConv,
    EGTLayer,
    GATConv,
    GatedGCNConv,
    GatedGraphConv,
    GATv2Conv,
    GCN2Conv,
    GINConv,
    GINEConv,
    GMMConv,
    GraphConv,
    GraphormerLayer,
    GroupRevRes,
    HGTConv,
    LapPosEncoder,
    LightGCNConv,
    LRGCCFConv,
    MessagePassing,
    NNConv,
    PathEncoder,
    PNAConv,
    RelGraphConv,
    SAGEConv,
    SetTransformerDecoder,
    SGConv,
    SpatialEncoder,
    SpatialEncoder3d,
    TAGConv,
    TransE,
    TransformerConv,
    TransR,
    TWIRLSConv,
    TypedLinear,
)

NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
FEED = {"0.weight": (5, 4), "0.bias": (5,), "3.weight": (4, 5), "3.bias": (4,)}
STATES: list[tuple[nn.Module, dict[str, tuple[int, ...]]]] = [
    (TransE(5, 4), {"rel_emb.weight": (5, 4)}),
    (TransR(5, 3, 4), {"rel_emb.weight": (5, 3), "rel_project.weight": (5, 12)}),
    (GraphConv(3, 2), {"weight": (3, 2), "bias": (2,)}),
    (GraphConv(3, 2, bias=False), {"weight": (3, 2)}),
    (GraphConv(3, 2, weight=False), {"bias": (2,)}),
    (GraphConv(3, 2, weight=False, bias=False), {}),
    (
        SAGEConv(3, 2, "mean"),
        {"fc_neigh.weight": (2, 3), "fc_self.weight": (2, 3), "fc_self.bias": (2,)},
    ),
    (
        SAGEConv((3, 4), 2, "mean", bias=False),
        {"fc_neigh.weight": (2, 3), "fc_self.weight": (2, 4)},
    ),
    (SAGEConv(3, 2, "gcn"), {"bias": (2,), "fc_neigh.weight": (2, 3)}),
    (SAGEConv(3, 2, "gcn", bias=False), {"fc_neigh.weight": (2, 3)}),
    (
        SAGEConv((3, 4), 2, "pool"),
        {
            "fc_pool.weight": (3, 3),
            "fc_pool.bias": (3,),
            "fc_neigh.weight": (2, 3),
            "fc_self.weight": (2, 4),
            "fc_self.bias": (2,),
        },
    ),
    (
        SAGEConv(3, 2, "lstm"),
        {
            "lstm.weight_ih_l0": (12, 3),
            "lstm.weight_hh_l0": (12, 3),
            "lstm.bias_ih_l0": (12,),
            "lstm.bias_hh_l0": (12,),
            "fc_neigh.weight": (2, 3),
            "fc_self.weight": (2, 3),
            "fc_self.bias": (2,),
        },
    ),
    (
        GATConv(3, 2, 4),
        {"attn_l": (1, 4, 2), "attn_r": (1, 4, 2), "bias": (8,), "fc.weight": (8, 3)},
    ),
    (
        GATConv((3, 5), 2, 4, bias=False),
        {
            "attn_l": (1, 4, 2),
            "attn_r": (1, 4, 2),
            "fc_src.weight": (8, 3),
            "fc_dst.weight": (8, 5),
        },
    ),
    (
        GATConv(3, 2, 4, residual=True),
        {
            "attn_l": (1, 4, 2),
            "attn_r": (1, 4, 2),
            "fc.weight": (8, 3),
            "res_fc.weight": (8, 3),
            "res_fc.bias": (8,),
        },
    ),
    (
        GATConv(3, 2, 4, residual=True, bias=False),
        {
            "attn_l": (1, 4, 2),
            "attn_r": (1, 4, 2),
            "fc.weight": (8, 3),
            "res_fc.weight": (8, 3),
        },
    ),
    (
        GATConv(8, 2, 4, residual=True),
        {"attn_l": (1, 4, 2), "attn_r": (1, 4, 2), "bias": (8,), "fc.weight": (8, 8)},
    ),
    (
        GATv2Conv(3, 2, 4),
        {
            "attn": (1, 4, 2),
            "fc_src.weight": (8, 3),
            "fc_src.bias": (8,),
            "fc_dst.weight": (8, 3),
            "fc_dst.bias": (8,),
        },
    ),
    (
        GATv2Conv(3, 2, 4, share_weights=True),
        {
            "attn": (1, 4, 2),
            "fc_src.weight": (8, 3),
            "fc_src.bias": (8,),
            "fc_dst.weight": (8, 3),
            "fc_dst.bias": (8,),
        },
    ),
    (
        GATv2Conv((3, 5), 2, 4, residual=True, bias=False),
        {
            "attn": (1, 4, 2),
            "fc_src.weight": (8, 3),
            "fc_dst.weight": (8, 5),
            "res_fc.weight": (8, 5),
        },
    ),
    (
        GATv2Conv(8, 2, 4, residual=True, bias=False),
        {"attn": (1, 4, 2), "fc_src.weight": (8, 8), "fc_dst.weight": (8, 8)},
    ),
    (DotGatConv(3, 2, 4), {"fc.weight": (8, 3)}),
    (DotGatConv((3, 5), 2, 4), {"fc_src.weight": (8, 3), "fc_dst.weight": (8, 5)}),
    (
        EGATConv((3, 7), 5, 2, 6, 4),
        {
            "attn": (1, 4, 6),
            "bias": (24,),
            "fc_node_src.weight": (8, 3),
            "fc_ni.weight": (24, 3),
            "fc_nj.weight": (24, 7),
            "fc_fij.weight": (24, 5),
        },
    ),
    (
        EdgeGATConv(8, 5, 2, 4),
        {
            "attn_l": (1, 4, 2),
            "attn_r": (1, 4, 2),
            "bias": (8,),
            "attn_edge": (1, 4, 2),
            "fc.weight": (8, 8),
            "res_fc.weight": (8, 8),
            "fc_edge.weight": (8, 5),
        },
    ),
    (
        EdgeGATConv((3, 7), 5, 2, 4, residual=False, bias=False),
        {
            "attn_l": (1, 4, 2),
            "attn_r": (1, 4, 2),
            "attn_edge": (1, 4, 2),
            "fc_src.weight": (8, 3),
            "fc_dst.weight": (8, 7),
            "fc_edge.weight": (8, 5),
        },
    ),
    (
        TransformerConv(3, 2, 4),
        {
            f"lin_{name}.{kind}": shape
            for name in ("key", "query", "value", "skip")
            for kind, shape in (("weight", (8, 3)), ("bias", (8,)))
        },
    ),
    (
        TransformerConv((3, 7), 2, 4, 5, beta=True, bias=False),
        {
            "lin_key.weight": (8, 3),
            "lin_query.weight": (8, 7),
            "lin_value.weight": (8, 3),
            "lin_edge.weight": (8, 5),
            "lin_skip.weight": (8, 7),
            "lin_beta.weight": (1, 24),
        },
    ),
    (GINConv(), {"eps": (1,)}),
    (
        GINConv(nn.Linear(3, 2), learn_eps=True),
        {"eps": (1,), "apply_func.weight": (2, 3), "apply_func.bias": (2,)},
    ),
    (GINEConv(learn_eps=True), {"eps": (1,)}),
    (EdgeWeightNorm(), {}),
    (TypedLinear(4, 6, 3), {"W": (3, 4, 6)}),
    (TypedLinear(4, 6, 3, "basis", 2), {"W": (2, 4, 6), "coeff": (3, 2)}),
    (TypedLinear(4, 6, 3, "bdd", 2), {"W": (3, 12)}),
    (
        RelGraphConv(4, 6, 3, "basis", layer_norm=True),
        {
            "h_bias": (6,),
            "loop_weight": (4, 6),
            "linear_r.W": (3, 4, 6),
            "linear_r.coeff": (3, 3),
            "layer_norm_weight.weight": (6,),
            "layer_norm_weight.bias": (6,),
        },
    ),
    (CuGraphSAGEConv(3, 2), {"linear.weight": (2, 6), "linear.bias": (2,)}),
    (
        CuGraphGATConv(3, 2, 4, residual=True),
        {"attn_weights": (16,), "bias": (8,), "fc.weight": (8, 3), "res_fc.weight": (8, 3)},
    ),
    (
        CuGraphGATConv(8, 2, 4, residual=True, bias=False),
        {"attn_weights": (16,), "fc.weight": (8, 8)},
    ),
    (CuGraphRelGraphConv(4, 6, 3), {"W": (4, 4, 6), "bias": (6,)}),
    (
        CuGraphRelGraphConv(4, 6, 3, "basis", 2, bias=False, self_loop=False),
        {"W": (2, 4, 6), "coeff": (3, 2)},
    ),
    (RelGraphConv(4, 6, 3, bias=False, self_loop=False), {"linear_r.W": (3, 4, 6)}),
    (SGConv(3, 2), {"fc.weight": (2, 3), "fc.bias": (2,)}),
    (SGConv(3, 2, bias=False), {"fc.weight": (2, 3)}),
    (APPNPConv(3, 0.1), {}),
    (TAGConv(3, 2, k=3), {"lin.weight": (2, 12), "lin.bias": (2,)}),
    (TAGConv(3, 2, bias=False), {"lin.weight": (2, 9)}),
    (ChebConv(3, 2, 2), {"linear.weight": (2, 6), "linear.bias": (2,)}),
    (ChebConv(3, 2, 3, bias=False), {"linear.weight": (2, 9)}),
    (GCN2Conv(3, 1), {"weight1": (3, 3), "bias": (3,)}),
    (
        GCN2Conv(3, 1, project_initial_features=False, bias=False),
        {"weight1": (3, 3), "weight2": (3, 3)},
    ),
    (
        EdgeConv(3, 2),
        {
            "theta.weight": (2, 3),
            "theta.bias": (2,),
            "phi.weight": (2, 3),
            "phi.bias": (2,),
        },
    ),
    (
        EdgeConv(3, 2, batch_norm=True),
        {
            "theta.weight": (2, 3),
            "theta.bias": (2,),
            "phi.weight": (2, 3),
            "phi.bias": (2,),
            "bn.weight": (2,),
            "bn.bias": (2,),
            "bn.running_mean": (2,),
            "bn.running_var": (2,),
            "bn.num_batches_tracked": (),
        },
    ),
    (AGNNConv(), {"beta": (1,)}),
    (AGNNConv(learn_beta=False), {"beta": (1,)}),
    (
        GatedGraphConv(3, 4, 2, 2),
        {
            "linears.0.weight": (4, 4),
            "linears.0.bias": (4,),
            "linears.1.weight": (4, 4),
            "linears.1.bias": (4,),
            "gru.weight_ih": (12, 4),
            "gru.weight_hh": (12, 4),
            "gru.bias_ih": (12,),
            "gru.bias_hh": (12,),
        },
    ),
    (
        GatedGraphConv(3, 4, 2, 1, bias=False),
        {
            "linears.0.weight": (4, 4),
            "linears.0.bias": (4,),
            "gru.weight_ih": (12, 4),
            "gru.weight_hh": (12, 4),
        },
    ),
    (
        GatedGCNConv(3, 5, 4, batch_norm=False),
        {
            **{
                f"{name}.{part}": shape
                for name in "ABDE"
                for part, shape in (("weight", (4, 3)), ("bias", (4,)))
            },
            "C.weight": (4, 5),
            "C.bias": (4,),
            **{
                f"bn_{end}.{name}": () if name == "num_batches_tracked" else (4,)
                for end in ("node", "edge")
                for name in NORM
            },
        },
    ),
    (
        CFConv(3, 5, 4, 2),
        {
            "project_edge.0.weight": (4, 5),
            "project_edge.0.bias": (4,),
            "project_edge.2.weight": (4, 4),
            "project_edge.2.bias": (4,),
            "project_node.weight": (4, 3),
            "project_node.bias": (4,),
            "project_out.0.weight": (2, 4),
            "project_out.0.bias": (2,),
        },
    ),
    (
        NNConv((3, 4), 2, nn.Linear(5, 6), residual=True),
        {
            "bias": (2,),
            "edge_func.weight": (6, 5),
            "edge_func.bias": (6,),
            "res_fc.weight": (2, 4),
        },
    ),
    (
        NNConv((3, 2), 2, nn.Linear(5, 6, bias=False), residual=True, bias=False),
        {"edge_func.weight": (6, 5)},
    ),
    (
        GMMConv((3, 6), 2, 4, 5, residual=True),
        {
            "mu": (5, 4),
            "inv_sigma": (5, 4),
            "bias": (2,),
            "fc.weight": (10, 3),
            "res_fc.weight": (2, 6),
        },
    ),
    (
        GMMConv(3, 2, 4, 5, bias=False),
        {"mu": (5, 4), "inv_sigma": (5, 4), "fc.weight": (10, 3)},
    ),
    (
        HGTConv(4, 2, 3, 2, 3),
        {
            "skip": (2,),
            "residual_w": (4, 6),
            **{f"linear_{name}.W": (2, 4, 6) for name in "kqv"},
            "linear_a.W": (2, 6, 6),
            **{f"relation_pri.{head}": (3,) for head in range(3)},
            **{
                f"relation_{name}.{head}.W": (3, 2, 2)
                for name in ("att", "msg")
                for head in range(3)
            },
        },
    ),
    (
        HGTConv(2, 2, 1, 2, 3, use_norm=True),
        {
            "skip": (2,),
            **{f"linear_{name}.W": (2, 2, 2) for name in "kqva"},
            "relation_pri.0": (3,),
            "relation_att.0.W": (3, 2, 2),
            "relation_msg.0.W": (3, 2, 2),
            "norm.weight": (2,),
            "norm.bias": (2,),
        },
    ),
    (
        EGNNConv(3, 4, 2, 5),
        {
            "edge_mlp.0.weight": (4, 12),
            "edge_mlp.0.bias": (4,),
            "edge_mlp.2.weight": (4, 4),
            "edge_mlp.2.bias": (4,),
            "node_mlp.0.weight": (4, 7),
            "node_mlp.0.bias": (4,),
            "node_mlp.2.weight": (2, 4),
            "node_mlp.2.bias": (2,),
            "coord_mlp.0.weight": (4, 4),
            "coord_mlp.0.bias": (4,),
            "coord_mlp.2.weight": (1, 4),
        },
    ),
    (
        PNAConv(4, 6, ["mean", "max"], ["identity"], 2.5, num_towers=2, edge_feat_size=3),
        {
            **{
                f"towers.{i}.{name}": shape
                for i in range(2)
                for name, shape in (
                    ("M.weight", (2, 7)),
                    ("M.bias", (2,)),
                    ("U.weight", (3, 6)),
                    ("U.bias", (3,)),
                    *((f"batchnorm.{name}", (3,)) for name in NORM[:-1]),
                    ("batchnorm.num_batches_tracked", ()),
                )
            },
            "mixing_layer.0.weight": (6, 6),
            "mixing_layer.0.bias": (6,),
        },
    ),
    (DenseGraphConv(3, 2), {"weight": (3, 2), "bias": (2,)}),
    (DenseGraphConv(3, 2, bias=False), {"weight": (3, 2)}),
    (DenseSAGEConv(3, 2), {"fc.weight": (2, 3), "fc.bias": (2,)}),
    (DenseChebConv(3, 2, 4), {"W": (4, 3, 2), "bias": (2,)}),
    (
        AtomicConv(torch.ones(4), torch.ones(4), torch.ones(4), torch.ones(2)),
        {
            "features_to_use": (2,),
            "radial_pooling.interaction_cutoffs": (4, 1, 1),
            "radial_pooling.rbf_kernel_means": (4, 1, 1),
            "radial_pooling.rbf_kernel_scaling": (4, 1, 1),
        },
    ),
    (
        DGNConv(4, 6, ["dir1-av", "max"], ["identity"], 2.5, residual=False),
        {
            "towers.0.M.weight": (4, 8),
            "towers.0.M.bias": (4,),
            "towers.0.U.weight": (6, 12),
            "towers.0.U.bias": (6,),
            **{f"towers.0.batchnorm.{name}": (6,) for name in NORM[:-1]},
            "towers.0.batchnorm.num_batches_tracked": (),
            "mixing_layer.0.weight": (6, 6),
            "mixing_layer.0.bias": (6,),
        },
    ),
    (
        TWIRLSConv(3, 2, 5, 4, 1, 2, "layer", attention=True, use_eta=True),
        {
            "mlp_bef.layers.0.weight": (5, 3),
            "mlp_bef.layers.0.bias": (5,),
            "unfolding.etas": (5,),
            "mlp_aft.layers.0.weight": (5, 5),
            "mlp_aft.layers.0.bias": (5,),
            "mlp_aft.layers.1.weight": (2, 5),
            "mlp_aft.layers.1.bias": (2,),
            **{f"mlp_aft.norms.{i}.{name}": (5,) for i in (0, 1) for name in NORM[:2]},
        },
    ),
    (
        GroupRevRes(GraphConv(3, 3), 2),
        {
            "gnn_modules.0.weight": (3, 3),
            "gnn_modules.0.bias": (3,),
            "gnn_modules.1.weight": (3, 3),
            "gnn_modules.1.bias": (3,),
        },
    ),
    (
        BiasedMHA(4, 2),
        {
            f"{name}_proj.{kind}": shape
            for name in ("q", "k", "v", "out")
            for kind, shape in (("weight", (4, 4)), ("bias", (4,)))
        },
    ),
    (
        GraphormerLayer(4, 5, 2),
        {
            **{
                f"attn.{name}_proj.{kind}": shape
                for name in ("q", "k", "v", "out")
                for kind, shape in (("weight", (4, 4)), ("bias", (4,)))
            },
            "ffn.0.weight": (5, 4),
            "ffn.0.bias": (5,),
            "ffn.3.weight": (4, 5),
            "ffn.3.bias": (4,),
            **{f"{end}_layer_norm.{n}": (4,) for end in ("attn", "ffn") for n in NORM[:2]},
        },
    ),
    (
        EGTLayer(4, 5, 2, 1),
        {
            **{f"mha_ln_h.{name}": (4,) for name in NORM[:2]},
            **{f"mha_ln_e.{name}": (5,) for name in NORM[:2]},
            "edge_input.weight": (2, 5),
            "edge_input.bias": (2,),
            "qkv_proj.weight": (12, 4),
            "qkv_proj.bias": (12,),
            "gate.weight": (2, 5),
            "gate.bias": (2,),
            "node_output.weight": (4, 4),
            "node_output.bias": (4,),
            **{
                f"node_ffn.{i}.{name}": (4, 4)[: 1 + (i > 0 and name == "weight")]
                for i in (0, 1, 3)
                for name in NORM[:2]
            },
            "edge_output.weight": (5, 2),
            "edge_output.bias": (5,),
            **{
                f"edge_ffn.{i}.{name}": (5, 5)[: 1 + (i > 0 and name == "weight")]
                for i in (0, 1, 3)
                for name in NORM[:2]
            },
        },
    ),
    (DegreeEncoder(3, 2), {"encoder1.weight": (4, 2), "encoder2.weight": (4, 2)}),
    (DegreeEncoder(3, 2, "in"), {"encoder.weight": (4, 2)}),
    (PathEncoder(3, 4, 2), {"embedding_table.weight": (6, 4)}),
    (SpatialEncoder(3, 2), {"embedding_table.weight": (5, 2)}),
    (
        SpatialEncoder3d(4, 2, 3),
        {
            "means": (4,),
            "stds": (4,),
            "linear_layer_1.weight": (4, 4),
            "linear_layer_1.bias": (4,),
            "linear_layer_2.weight": (2, 4),
            "linear_layer_2.bias": (2,),
            "gamma.weight": (9, 1),
            "beta.weight": (9, 1),
        },
    ),
    (
        LapPosEncoder("DeepSet", 2, 3, 4, batch_norm=True, num_post_layer=1),
        {
            "linear.weight": (8, 2),
            "linear.bias": (8,),
            "pe_encoder.1.weight": (4, 8),
            "pe_encoder.1.bias": (4,),
            **{f"raw_norm.{name}": (3,) for name in NORM[:-1]},
            "raw_norm.num_batches_tracked": (),
            "post_mlp.0.weight": (4, 4),
            "post_mlp.0.bias": (4,),
        },
    ),
    (
        SetTransformerDecoder(4, 2, 3, 5, 0, 2),
        {
            "pma.seed_vectors": (2, 4),
            **{f"pma.mha.proj_{name}.weight": (6, 4) for name in "qkv"},
            "pma.mha.proj_o.weight": (4, 6),
            **{f"pma.mha.ffn.{name}": shape for name, shape in FEED.items()},
            **{f"pma.mha.norm_{end}.{n}": (4,) for end in ("in", "inter") for n in NORM[:2]},
            **{f"pma.ffn.{name}": shape for name, shape in FEED.items()},
        },
    ),
    (LightGCNConv(), {}),
    (MessagePassing(), {}),
    (LRGCCFConv(3, 2), {"lin.weight": (2, 3), "lin.bias": (2,)}),
]


@pytest.mark.parametrize(("layer", "shapes"), STATES, ids=range(len(STATES)))
def test_state_dicts_have_the_names_the_shapes_and_the_order_of_dgl(
    layer: nn.Module, shapes: dict[str, tuple[int, ...]]
) -> None:
    found = {name: tuple(value.shape) for name, value in layer.state_dict().items()}
    assert list(found.items()) == list(shapes.items())  # optimizers know parameters by order
    given = {name: torch.full(shape, 0.5) for name, shape in shapes.items()}
    layer.load_state_dict(given)
    floats = [value for value in layer.state_dict().values() if value.is_floating_point()]
    assert all(bool((value == 0.5).all()) for value in floats)
