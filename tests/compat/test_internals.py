"""The functions that DGL's programs import from its inner modules do what DGL's do."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import torch

import graphmp as gm
from graphmp.compat import (
    backend,
    base,
    blocks,
    containers,
    datasets,
    decorators,
    inputs,
    layers,
    rows,
    settings,
)

COUNT = torch.arange(6.0).view(3, 2)


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


# ---- blocks


def test_blocks_are_instances_of_their_class() -> None:
    assert isinstance(gm.create_block(([0], [0])), blocks.DGLBlock)
    assert not isinstance(gm.graph(([0], [0])), blocks.DGLBlock)


# ---- dgl.utils: inputs


def test_an_input_is_expanded_to_a_pair() -> None:
    block = gm.create_block(([0, 1, 2], [0, 0, 1]), num_src_nodes=3, num_dst_nodes=2)
    assert inputs.expand_as_pair(COUNT) == (COUNT, COUNT)
    assert inputs.expand_as_pair((COUNT, None)) == (COUNT, None)
    source, own = inputs.expand_as_pair(COUNT, block)
    assert source is COUNT
    assert own.tolist() == COUNT[:2].tolist()
    assert inputs.expand_as_pair({"_N": COUNT}, block)[1]["_N"].tolist() == COUNT[:2].tolist()


def test_shapes_of_a_pair_are_compared() -> None:
    inputs.check_eq_shape((COUNT, COUNT[:1]))
    with pytest.raises(gm.DGLError, match=r"got \(2,\) and \(3,\)"):
        inputs.check_eq_shape((COUNT, torch.ones(3, 3)))


@pytest.mark.parametrize("data", [COUNT, [COUNT], {"h": COUNT}])
def test_device_and_dtype_are_those_of_the_tensors(data: object) -> None:
    assert inputs.context_of(data) == torch.device("cpu")
    if not isinstance(data, list):
        assert inputs.dtype_of(data) == torch.float32
        assert inputs.check_device(data, torch.device("cpu"))
        assert not inputs.check_device(inputs.to_device(data, torch.device("meta")), "cpu")  # type: ignore[arg-type]


def test_ids_are_relabelled_and_complemented() -> None:
    ids, numbers = inputs.relabel(torch.tensor([1, 5, 3, 6, 5]))
    assert ids.tolist() == [1, 3, 5, 6]
    assert numbers.tolist() == [0, 0, 0, 1, 0, 2, 3]
    assert inputs.compensate(torch.tensor([0, 2, 4]), torch.tensor([0, 1, 2, 4, 5])).tolist() == [
        1,
        5,
    ]


def test_rows_are_gathered_and_scattered() -> None:
    dest = torch.zeros(3, 2)
    inputs.scatter_pinned_tensor_rows(dest, torch.tensor([2, 0]), COUNT[:2])
    assert dest.tolist() == [[2, 3], [0, 0], [0, 1]]
    assert inputs.gather_pinned_tensor_rows(dest, torch.tensor([2])).tolist() == [[0, 1]]


# ---- dgl.utils: containers


def test_functions_are_applied_to_nested_containers() -> None:
    nested = {"a": [1, (2, 3)], "b": 4}
    assert containers.recursive_apply(nested, pow, 2) == {"a": [1, (4, 9)], "b": 16}
    double = containers.recursive_apply_pair(nested, nested, lambda x, y: x + y)
    assert double == {"a": [2, (4, 6)], "b": 8}


def test_kinds_of_containers_are_told_apart() -> None:
    values: list[object] = [[], (), "a", {}, 1]
    assert list(map(containers.is_listlike, values)) == [True, True, False, False, False]
    assert list(map(containers.is_dict_like, values)) == [False, False, False, True, False]
    assert list(map(containers.is_iterable, values)) == [True, True, True, True, False]


def test_pairs_are_grouped_by_key() -> None:
    assert containers.group_as_dict([("a", 1), ("b", 2), ("a", 3)]) == {"a": [1, 3], "b": [2]}


def test_groups_are_read_as_one_sequence() -> None:
    flat = containers.maybe_flatten_dict({"a": [1, 3], "b": [], "c": [2, 5]})
    assert list(flat) == [("a", 1), ("a", 3), ("c", 2), ("c", 5)]
    assert len(flat) == 4
    assert flat[-1] == ("c", 5)
    with pytest.raises(IndexError):
        flat[4]
    assert containers.maybe_flatten_dict([1]) == [1]


def test_dicts_are_joined_computed_and_protected() -> None:
    lazy = containers.LazyDict(lambda key: key * 2, ["a"])
    hybrid = containers.HybridDict({"a": 1}, lazy, {"b": 3})
    assert dict(hybrid) == {"a": 1, "b": 3}
    assert dict(lazy) == {"a": "aa"}
    assert dict(containers.ReadOnlyDict({"x": 1})) == {"x": 1}
    with pytest.raises(KeyError):
        hybrid["c"]


# ---- dgl.utils: decorators


class Attempt:
    """A method that fails until it is mended, and one whose results are stored."""

    def __init__(self) -> None:
        self.calls, self.results = 0, dict[str, float]()

    def mend(self) -> None:
        self.calls += 1

    @decorators.retry_method_with_fix(mend)
    def divide(self, number: int) -> float:
        return number / self.calls

    @decorators.cached_member("results", "power")
    def power(self, base: int, exponent: int = 2) -> float:
        self.calls += 1
        return float(base**exponent)


def test_a_method_runs_again_after_it_was_mended() -> None:
    assert Attempt().divide(3) == 3
    with pytest.raises(TypeError):
        Attempt().divide("a")


def test_results_of_a_method_are_stored() -> None:
    attempt = Attempt()
    assert [attempt.power(2), attempt.power(2), attempt.power(2, exponent=3)] == [4, 4, 8]
    assert attempt.calls == 2


def test_an_alias_calls_the_function() -> None:
    assert decorators.alias_func(max)(1, 2) == 2


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


# ---- dgl.backend


def test_tensors_are_made_of_numbers_arrays_and_tensors() -> None:
    assert backend.tensor(1).tolist() == [1]
    assert backend.tensor([COUNT[0, 0], COUNT[0, 1]]).tolist() == [0, 1]
    assert backend.tensor(np.ones(2), torch.int64).tolist() == [1, 1]
    assert backend.tensor([1, 2], backend.data_type_dict["float32"]).dtype == torch.float32


def test_tensors_are_filled() -> None:
    like = (torch.float32, "cpu")
    assert backend.zeros((2,), *like).tolist() == [0, 0]
    assert backend.ones((2,), *like).tolist() == [1, 1]
    assert backend.empty((2, 0), *like).shape == (2, 0)
    assert backend.full_1d(2, 3, *like).tolist() == [3, 3]
    assert backend.arange(1, 3).tolist() == [1, 2]
    assert backend.uniform((4,), *like, 1, 2).ge(1).all()
    assert backend.randint((4,), torch.int64, "cpu", 5, 6).tolist() == [5] * 4


def test_tensors_are_described() -> None:
    assert backend.shape(COUNT) == (3, 2)
    assert backend.ndim(COUNT) == 2
    assert backend.dtype(COUNT) == torch.float32
    assert backend.context(COUNT) == backend.cpu()
    assert backend.device_type("cuda:1") == "cuda"
    assert [backend.device_id("cuda:1"), backend.device_id("cpu")] == [1, 0]
    assert backend.count_nonzero(COUNT) == 5
    assert backend.as_scalar(COUNT[1, 1]) == 3
    assert not backend.is_pinned(COUNT)


def test_tensors_are_converted() -> None:
    leaf = COUNT.clone().requires_grad_()
    assert backend.asnumpy(leaf).tolist() == COUNT.tolist()
    assert backend.asnumpy(COUNT.to_sparse()).tolist() == COUNT.tolist()
    assert backend.astype(COUNT, torch.int64).dtype == torch.int64
    assert backend.copy_to(COUNT, "meta").device.type == "meta"
    again = backend.zerocopy_from_dlpack(backend.zerocopy_to_dlpack(COUNT))
    assert again.data_ptr() == COUNT.data_ptr()
    backend.sync()


def test_values_are_reduced_and_ordered() -> None:
    assert backend.max(COUNT, 0).tolist() == [4, 5]
    assert backend.min(COUNT, 1).tolist() == [0, 2, 4]
    assert backend.softmax(torch.zeros(2)).tolist() == [0.5, 0.5]
    assert backend.topk(COUNT, 1, 0).tolist() == [[4, 5]]
    assert backend.argtopk(COUNT, 1, 0, descending=False).tolist() == [[0, 0]]
    assert backend.replace_inf_with_zero(torch.tensor([1, torch.inf])).tolist() == [1, 0]
    assert backend.rand_shuffle(COUNT).sum() == COUNT.sum()
    assert backend.allclose(COUNT, COUNT + 5e-5)
    assert backend.equal(COUNT, 0).sum() == 1


def test_rows_are_read_and_written() -> None:
    index, value = torch.tensor([2, 0]), torch.ones(2, 2)
    assert rows.gather_row(COUNT, index.int()).tolist() == [[4, 5], [0, 1]]
    assert rows.narrow_row(COUNT, 1, 2).tolist() == [[2, 3]]
    assert rows.slice_axis(COUNT, 1, 1, 2).tolist() == [[1], [3], [5]]
    assert rows.take(COUNT, index.view(2, 1), 0).tolist() == [[[4, 5]], [[0, 1]]]
    assert rows.scatter_row(COUNT, index, value).tolist() == [[1, 1], [2, 3], [1, 1]]
    target = torch.zeros(3, 2)
    rows.scatter_row_inplace(target, index, value)
    rows.index_add_inplace(target, index, value)
    assert target.tolist() == [[2, 2], [0, 0], [2, 2]]
    assert rows.scatter_add(value, torch.tensor([1, 1]), 2).tolist() == [[0, 0], [2, 2]]
    assert rows.segment_reduce("sum", COUNT, torch.tensor([0, 1, 3])).tolist() == [[0, 1], [6, 8]]
    assert rows.boolean_mask(COUNT, torch.tensor([0, 1, 0])).tolist() == [[2, 3]]
    assert rows.nonzero_1d(torch.tensor([0, 1])).tolist() == [1]


def test_sequences_are_padded_and_packed() -> None:
    padded = rows.pad_packed_tensor(COUNT, [1, 2], -1.0, l_min=3)
    assert padded[..., 0].tolist() == [[0, -1, -1], [2, 4, -1]]
    assert rows.pack_padded_tensor(padded, torch.tensor([1, 2])).tolist() == COUNT.tolist()


def test_gradients_are_attached_and_read() -> None:
    x = backend.attach_grad(COUNT.clone())
    assert backend.is_no_grad(x)
    backend.backward((x * x).sum())
    assert backend.grad(x).tolist() == (2 * COUNT).tolist()  # type: ignore[union-attr]
    assert not backend.is_no_grad(x)
    assert backend.is_no_grad(backend.attach_grad(x))
