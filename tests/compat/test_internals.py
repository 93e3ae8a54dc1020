"""The names that programs import from DGL's inner modules do what DGL's do."""

from __future__ import annotations

import logging
import math
from typing import Any

import pytest
import torch

import graphmp as gm
from graphmp.compat import (
    arrays,
    base,
    classes,
    datasets,
    kernels,
    knowledge,
    layers,
    mailboxes,
    samplers,
    settings,
    storages,
    types,
)
from graphmp.nn.conv.pna_conv import aggregate_messages

COUNT = torch.arange(6.0).view(3, 2)
Pairs = tuple[torch.Tensor, torch.Tensor]


# ---- dgl.base


def test_internal_columns_and_all_are_told_from_other_names() -> None:
    assert [base.is_internal_column(name) for name in ("_ID", "_TYPE", "h")] == [True, True, False]
    assert [base.is_all(arg) for arg in (gm.ALL, "h", COUNT)] == [True, False, False]


def test_a_warning_names_the_line_of_the_caller() -> None:
    with pytest.warns(gm.GraphWarning, match="careful") as caught:
        base.dgl_warning("careful")
    assert caught[0].filename == __file__


# ---- settings


def test_settings_are_remembered() -> None:
    assert settings.is_libxsmm_enabled()
    settings.use_libxsmm(False)
    assert not settings.is_libxsmm_enabled()
    settings.use_libxsmm(True)
    settings.enable_verbose_logging()
    assert logging.getLogger("dgl-core").level == logging.DEBUG


def test_torch_is_the_only_backend() -> None:
    settings.load_backend(settings.backend_name)
    with pytest.raises(gm.GraphValueError, match="expected 'pytorch', got 'mxnet'"):
        settings.load_backend("mxnet")


# ---- classes


def test_blocks_are_instances_of_their_class() -> None:
    assert isinstance(gm.create_block(([0], [0])), classes.DGLBlock)
    assert not isinstance(gm.graph(([0], [0])), classes.DGLBlock)


def test_kinds_of_values_have_dgls_numbers() -> None:
    code = classes.TypeCode
    assert (code.INT, code.OBJECT_HANDLE, code.NDARRAY_CONTAINER, code.EXT_BEGIN) == (0, 8, 13, 15)


def test_ends_have_numbers() -> None:
    code = classes.TargetCode
    assert [code.CODE2STR[end] for end in (code.SRC, code.DST, code.EDGE)] == ["u", "v", "e"]


# ---- dgl.storages


@pytest.mark.parametrize("data", [COUNT, COUNT.numpy()])
def test_storages_are_read_by_rows(data: object) -> None:
    storage = storages.wrap_storage(data)
    assert storage.fetch(torch.tensor([2, 0]), "cpu").tolist() == [[4, 5], [0, 1]]
    assert storages.wrap_storage(storage) is storage
    assert isinstance(storage, storages.FeatureStorage)


def test_a_program_derives_a_storage_of_its_own() -> None:
    class Twice(storages.FeatureStorage):
        def __init__(self, rows: torch.Tensor) -> None:
            self.rows = rows

        def fetch(self, indices: Any, *_args: Any, **_kwargs: Any) -> Any:
            return 2 * self.rows[indices]

    storage = storages.wrap_storage(Twice(COUNT))
    assert storage.fetch([1]).tolist() == [[4, 6]]
    assert not storage.requires_ddp()
    g = gm.graph(([0], [1]))
    g.ndata["x"] = COUNT[:2]
    assert isinstance(g.get_node_storage("x"), storages.FeatureStorage)


def test_a_registered_class_wraps_objects_of_its_type() -> None:
    @storages.register_storage_wrapper(frozenset)
    class Wrapper:
        def __init__(self, rows: frozenset[int]) -> None:
            self.rows = rows

    assert storages.wrap_storage(frozenset({1})).rows == {1}


def test_a_future_returns_or_raises_what_its_function_does() -> None:
    assert storages.ThreadedFuture(divmod, (7, 2)).wait() == (3, 1)
    with pytest.raises(ZeroDivisionError):
        storages.ThreadedFuture(divmod, [1, 0]).wait()


# ---- dgl.ndarray


def test_arrays_are_tensors() -> None:
    numbers = COUNT.numpy().copy()
    copy, shared = arrays.array(numbers, arrays.cpu(0)), arrays.zerocopy_from_numpy(numbers)
    numbers[0] = 7
    assert (copy[0, 0].item(), shared[0, 0].item()) == (0, 7)
    assert arrays.gpu(1) == torch.device("cuda:1")


# ---- dgl.nn.pytorch


def test_results_of_edge_types_are_joined() -> None:
    total = layers.get_aggregate_fn("sum")([COUNT, COUNT], "user")
    assert total is not None
    assert total.tolist() == (2 * COUNT).tolist()
    assert layers.get_aggregate_fn("stack")([], "user") is None
    with pytest.raises(gm.GraphValueError, match="got 'product'"):
        layers.get_aggregate_fn("product")


def test_ids_select_rows_as_one_hot_vectors_would() -> None:
    ids, index = torch.tensor([2, 0]), torch.tensor([1, 0])
    hot, weights = torch.eye(3)[ids], torch.arange(12.0).view(2, 3, 2)
    assert layers.matmul_maybe_select(ids, COUNT).tolist() == (hot @ COUNT).tolist()
    assert layers.matmul_maybe_select(hot, COUNT).tolist() == (hot @ COUNT).tolist()
    rows = [[10, 11], [0, 1]]
    assert layers.bmm_maybe_select(ids, weights, index).tolist() == rows
    assert layers.bmm_maybe_select(hot, weights, index).tolist() == rows


@pytest.mark.parametrize("name", mailboxes.AGGREGATORS)
def test_mailboxes_are_aggregated_as_by_the_layer(name: str) -> None:
    messages = torch.tensor([[[1.0, -2.0], [4.0, 0.5], [2.0, 8.0]]])
    edges = gm.graph(([0, 1, 2], [3, 3, 3])).adjacencies["_N", "_E", "_N"]
    expected = aggregate_messages(edges, messages[0], name)[3:]
    torch.testing.assert_close(mailboxes.AGGREGATORS[name](messages), expected)


def test_aggregates_are_scaled_by_the_degree() -> None:
    scaled = [
        mailboxes.SCALERS[name](COUNT, D=3, delta=2.0) for name in list(mailboxes.SCALERS)[1:]
    ]
    torch.testing.assert_close(scaled, [COUNT * math.log(4) / 2, COUNT * 2 / math.log(4)])
    assert mailboxes.SCALERS["identity"](COUNT) is COUNT


# ---- dgl.sampling.utils


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64])
def test_edges_are_excluded_by_their_ids_in_the_whole_graph(idtype: torch.dtype) -> None:
    g = gm.graph(([0, 1, 2], [1, 2, 0]), idtype=idtype)
    g.edata["_ID"] = torch.tensor([10, 20, 30], dtype=idtype)
    excluded = torch.tensor([20, 5], dtype=idtype)
    smaller, [weights] = samplers.EidExcluder(excluded)(g, [torch.arange(3)])
    assert smaller.edata["_ID"].tolist() == [10, 30]
    assert weights.tolist() == [0, 2]
    assert samplers.EidExcluder({"_E": torch.tensor([10])})(g).edata["_ID"].tolist() == [20, 30]


# ---- dgl.data.utils


def test_folders_are_made_once(tmp_path: object) -> None:
    folder = f"{tmp_path}/a/b"
    datasets.makedirs(folder)
    datasets.makedirs(folder)
    assert datasets._get_dgl_url("x.zip").endswith("/x.zip")


@pytest.mark.parametrize("kind", ["property", "function", "class"])
def test_older_names_warn(kind: str) -> None:
    with pytest.warns(UserWarning, match="old is deprecated; use new instead"):
        getattr(datasets, f"deprecate_{kind}")("old", "new")


# ---- dgl.dataloading.negative_sampler


class Loops(samplers._BaseNegativeSampler):
    """Pairs of each source with itself."""

    def _generate(self, g: gm.Graph, eids: torch.Tensor, canonical_etype: object) -> Pairs:
        src, _ = g.find_edges(eids, etype=canonical_etype)
        return src, src


def test_a_negative_sampler_of_a_program_generates_pairs_by_type() -> None:
    g = gm.graph(([0, 1], [1, 2]))
    assert [end.tolist() for end in Loops()(g, torch.tensor([1]))] == [[1], [1]]
    [pair] = Loops()(g, {"_E": torch.tensor([0])}).values()
    assert [end.tolist() for end in pair] == [[0], [0]]
    with pytest.raises(gm.GraphNotImplementedError, match="define it"):
        samplers._BaseNegativeSampler()(g, torch.tensor([0]))


# ---- dgl.sampling.pinsage


def test_the_nodes_that_walks_visit_most_often_are_selected() -> None:
    src, dst = torch.tensor([3, 1, 3, -1, 2, -1]), torch.tensor([7, 7, 7, 5, 5, 5])
    chosen = samplers._select_pinsage_neighbors(src, dst, 3, 1)
    assert [ids.tolist() for ids in chosen] == [[3, 2], [7, 5], [2, 1]]


# ---- dgl.view


def test_views_are_instances_of_dgls_classes() -> None:
    g = gm.heterograph({("a", "x", "b"): ([0], [0])})
    assert isinstance(g.nodes["a"], classes.NodeSpace)
    assert isinstance(g.edges["x"], classes.EdgeSpace)
    assert isinstance(g.ndata, classes.HeteroNodeDataView)
    assert isinstance(g.nodes["a"].data, classes.HeteroNodeDataView)
    assert isinstance(g.edata, classes.HeteroEdgeDataView)
    assert (type(g.nodes), type(g.edges)) == (classes.HeteroNodeView, classes.HeteroEdgeView)


def test_negative_samples_are_pairs_of_different_nodes_without_an_edge() -> None:
    g = gm.graph(([0, 1], [1, 2]), num_nodes=4)
    pairs = set(map(tuple, datasets.negative_sample(g, 4).T.tolist()))
    assert 0 < len(pairs) <= 4
    assert not pairs & {(0, 1), (1, 2), (0, 0), (1, 1), (2, 2), (3, 3)}


def test_the_classes_of_builtins_and_data_sets_are_those_that_graphmp_uses() -> None:
    assert isinstance(gm.function.copy_u("h", "m"), classes.MessageFunction)
    assert isinstance(gm.function.sum("m", "h"), classes.SimpleReduceFunction)
    assert issubclass(gm.data.CoraFullDataset, datasets.GNNBenchmarkDataset)
    assert issubclass(gm.data.MNISTSuperPixelDataset, datasets.SuperPixelDataset)


# ---- dgl._sparse_ops


def test_kernels_take_the_graph_of_a_graph() -> None:
    g = gm.graph(([0, 1, 2, 0], [1, 2, 1, 2]))
    index, weights = g._graph, torch.tensor([1.0, 2, 3, 4])
    greatest, ends = kernels._gspmm(index, "copy_rhs", "max", None, weights)
    assert greatest.tolist() == [0, 3, 4]
    assert ends == (None, None)
    differences = kernels._gsddmm(index, "sub", weights, greatest, "e", "v")
    assert differences.tolist() == [-2, -2, 0, 0]
    sums, _ = kernels._gspmm(index.reverse(), "copy_rhs", "sum", None, weights)
    assert sums.tolist() == [5, 2, 3]
    assert isinstance(index, kernels.HeteroGraphIndex)


# ---- dgl.heterograph


def test_names_of_types_are_joined_in_alphabetical_order() -> None:
    assert types.combine_names(["user", "item"]) == "item+user"
    assert types.combine_names(["user", "item", "tag"], [2, 0]) == "tag+user"


def test_frames_are_joined_on_common_fields() -> None:
    frames = [{"x": COUNT, "y": COUNT}, {"x": COUNT + 1}, {"x": COUNT[:0]}, {}]
    joined = types.combine_frames(frames, [0, 1, 2, 3])
    assert joined is not None
    assert list(joined) == ["x"]
    assert joined["x"].equal(torch.cat([COUNT, COUNT + 1]))
    assert types.combine_frames(frames, [0, 1], ["y"]) is None
    assert types.combine_frames(frames, [2, 3]) is None
    with pytest.raises(gm.GraphValueError, match=r"field 'x' with rows of one shape"):
        types.combine_frames([{"x": COUNT}, {"x": COUNT.int()}], [0, 1])


# ---- dgl.nn.pytorch.conv.twirlsconv


@pytest.mark.parametrize("precond", [True, False])
def test_a_step_of_twirls_is_that_of_the_layer(precond: bool) -> None:
    g = gm.add_self_loop(gm.graph(([0, 1, 2, 0], [1, 2, 0, 2])))
    g.edata["w"], g.ndata["deg"] = torch.ones(g.num_edges(), 1), g.in_degrees().float()
    alp, lam, first, h = 0.3, 0.5, COUNT, COUNT.clone()
    step = layers.Propagate() if precond else layers.PropagateNoPrecond()
    for _ in range(2):
        h = step(g, h, first, alp, lam)
    layer = gm.nn.TWIRLSUnfoldingAndAttention(2, alp, lam, prop_step=2, precond=precond)
    torch.testing.assert_close(h, layer(g, first))


# ---- dgl.data.knowledge_graph


def test_a_knowledge_graph_is_loaded_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(knowledge._DATASETS, "wn18", list)
    assert knowledge.load_data("wn18") == []  # type: ignore[comparison-overlap]
    with pytest.raises(gm.GraphValueError, match="got 'cora'"):
        knowledge.load_data("cora")
