"""The functions of `dgl.utils` that programs import do what DGL's do."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
import torch

import graphmp as gm
from graphmp.compat import checks, containers, decorators, frames, ids, inputs, memory

COUNT = torch.arange(6.0).view(3, 2)


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
    older, numbers = ids.relabel(torch.tensor([1, 5, 3, 6, 5]))
    assert older.tolist() == [1, 3, 5, 6]
    assert numbers.tolist() == [0, 0, 0, 1, 0, 2, 3]
    others = ids.compensate(torch.tensor([0, 2, 4]), torch.tensor([0, 1, 2, 4, 5]))
    assert others.tolist() == [1, 5]
    assert ids.build_relabel_dict([7, 3]) == {7: 0, 3: 1}
    assert ids.to_nbits_int(older, 32).dtype == torch.int32


@pytest.mark.parametrize("use_numpy", [True, False])
def test_elements_are_numbered(use_numpy: bool) -> None:
    elements, numbers, remapped = ids.make_invmap([4, 2, 4], use_numpy)
    assert sorted(elements) == [2, 4]
    assert [elements[number] for number in remapped] == [4, 2, 4]
    assert numbers[2] == remapped[1]


def test_a_filter_tells_ids_of_a_set_from_others() -> None:
    chosen, test = ids.Filter(torch.tensor([3, 2, 9])), torch.tensor([0, 2, 8, 9])
    assert chosen.find_included_indices(test).tolist() == [1, 3]
    assert chosen.find_excluded_indices(test).tolist() == [0, 2]


def test_rows_are_gathered_and_scattered() -> None:
    dest = torch.zeros(3, 2)
    memory.scatter_pinned_tensor_rows(dest, torch.tensor([2, 0]), COUNT[:2])
    assert dest.tolist() == [[2, 3], [0, 0], [0, 1]]
    assert memory.gather_pinned_tensor_rows(dest, torch.tensor([2])).tolist() == [[0, 1]]


def test_processes_read_shared_tensors_by_name() -> None:
    name = f"test-{os.getpid()}"
    shared = memory.create_shared_mem_array(name, (2, 3), torch.float32)
    memory.get_shared_mem_array(name, (2, 3), torch.float32)[1] = 5
    assert memory.exist_shared_mem_array(name)
    assert not memory.exist_shared_mem_array(f"{name}-other")
    assert shared.tolist() == [[0] * 3, [5] * 3]
    with pytest.raises(gm.GraphValueError, match="Expected 240 bytes"):
        memory.get_shared_mem_array(name, (20, 3), torch.float32)
    with pytest.raises(gm.GraphValueError, match="expected a name, got"):
        memory.create_shared_mem_array("../a", (1,), torch.float32)


def test_memory_is_pinned_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, int]] = []
    runtime = SimpleNamespace(
        cudaHostRegister=lambda address, size, _: calls.append(("pin", size)),
        cudaHostUnregister=lambda address: calls.append(("unpin", address)),
    )
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "cudart", lambda: runtime)
    monkeypatch.setattr(torch.cuda, "check_error", lambda code: None)
    monkeypatch.setattr(torch.Tensor, "is_pinned", lambda _: False)
    tensor = torch.zeros(3, 2)
    pinned = memory.pin_memory_inplace(tensor)
    assert calls == [("pin", 24)]
    pinned.unpin_memory_()
    del pinned
    assert calls[1:] == [("unpin", tensor.data_ptr())]
    with pytest.raises(gm.GraphValueError, match="expected a contiguous tensor on the CPU"):
        memory.pin_memory_inplace(tensor.t())


@pytest.mark.skipif(torch.cuda.is_available(), reason="about machines without a GPU")
def test_without_a_gpu_memory_is_not_pinned() -> None:
    with pytest.raises(gm.GraphRuntimeError, match="expected a GPU, got none"):
        memory.pin_memory_inplace(torch.zeros(1))


# ---- dgl.utils: checks


def test_schemas_are_compared() -> None:
    first, second = {"x": ((2,), "float"), "y": ((), "int")}, {"x": ((2,), "float")}
    checks.check_all_same_schema([], "nodes")
    checks.check_all_same_schema([first, dict(first)], "nodes")
    checks.check_all_same_schema_for_keys([first, second], ["x"], "nodes")
    with pytest.raises(gm.GraphValueError, match=r"nodes: expected the schema .* of graph 1"):
        checks.check_all_same_schema([first, second], "nodes")
    with pytest.raises(gm.GraphValueError, match="got graph 1 without y"):
        checks.check_all_same_schema_for_keys([first, second], ["x", "y"], "nodes")


def test_ids_are_integers_of_two_kinds() -> None:
    for idtype in (None, torch.int32, torch.int64):
        checks.check_valid_idtype(idtype)
    with pytest.raises(gm.GraphValueError, match="expected int32 or int64"):
        checks.check_valid_idtype(torch.int8)


@pytest.mark.parametrize(
    ("src", "dst", "order"),
    [
        ([0, 0, 1], [1, 2, 0], (True, True)),
        ([0, 0, 1], [2, 1, 0], (True, False)),
        ([1, 0, 1], [0, 1, 2], (False, False)),
        ([], [], (True, True)),
    ],
)
def test_edges_are_sorted_by_source_and_then_destination(
    src: list[int], dst: list[int], order: tuple[bool, bool]
) -> None:
    assert checks.is_sorted_srcdst(torch.tensor(src), torch.tensor(dst)) == order


G = gm.heterograph({("a", "x", "b"): ([0, 1], [1, 0]), ("b", "y", "a"): ([1], [0])})


@pytest.mark.parametrize("data", [[1, 0], torch.tensor([1, 0])])
def test_ids_become_tensors(data: object) -> None:
    assert inputs.prepare_tensor(G, data, "nodes").tolist() == [1, 0]
    assert inputs.prepare_tensor_or_dict(G, {"a": data}, "nodes")["a"].tolist() == [1, 0]
    assert inputs.prepare_tensor_or_dict(G, 3, "nodes").tolist() == [3]
    assert inputs.prepare_tensor(G, [], "nodes").dtype == torch.int64


@pytest.mark.parametrize("data", [[0.5], torch.zeros(1), torch.zeros(1, 1, dtype=torch.int64)])
def test_ids_of_the_wrong_kind_are_an_error(data: object) -> None:
    with pytest.raises(gm.GraphTypeError, match=r"nodes\['a'\]: expected ids of torch.int64"):
        inputs.prepare_tensor_dict(G, {"a": data}, "nodes")


def test_edges_are_ids_or_pairs_of_ends() -> None:
    assert inputs.parse_edges_arg_to_eid(G, ([1], [0]), 0).tolist() == [1]
    assert inputs.parse_edges_arg_to_eid(G, [1], 0).tolist() == [1]


def test_graphs_of_a_list_are_compared() -> None:
    inputs.check_all_same_idtype([G, G], "graphs")
    inputs.check_all_same_device([], "graphs")
    with pytest.raises(gm.GraphValueError, match="graphs: expected graphs of one id type"):
        inputs.check_all_same_idtype([G, G.int()], "graphs")
    with pytest.raises(gm.GraphValueError, match="at position 1, meta"):
        inputs.check_all_same_device([G, G.to("meta")], "graphs")


# ---- dgl.utils: frames


def test_features_of_all_types_are_extracted_and_set() -> None:
    g = gm.heterograph({("a", "x", "b"): ([0, 1], [1, 0])})
    g.nodes["a"].data["h"], g.edata["w"] = COUNT[:2], COUNT[:2]
    whole = frames.extract_node_subframes(g, None)
    assert [list(frame) for frame in whole] == [["h"], []]
    some = frames.extract_node_subframes(g, [torch.tensor([1]), torch.tensor([0])])
    assert some[0]["h"].tolist() == [[2, 3]]
    assert some[1]["_ID"].tolist() == [0]
    assert frames.extract_node_subframes(g, torch.device("meta"))[0]["h"].device.type == "meta"
    [edges] = frames.extract_edge_subframes(g, [torch.tensor([1])], store_ids=False)
    assert edges["w"].tolist() == [[2, 3]]
    other = gm.heterograph({("a", "x", "b"): ([0, 1], [1, 0])})
    other.nodes["b"].data["old"] = COUNT[:2]
    frames.set_new_frames(other, node_frames=whole, edge_frames=[{"w": COUNT[1:]}])
    assert other.nodes["a"].data["h"].tolist() == COUNT[:2].tolist()
    assert "old" not in other.nodes["b"].data
    assert other.edata["w"].tolist() == COUNT[1:].tolist()
    with pytest.raises(gm.GraphValueError, match="node_frames: expected a frame for each of 2"):
        frames.set_new_frames(other, node_frames=[{}])


def test_frames_of_a_block_are_those_of_its_ends() -> None:
    g = gm.graph(([0, 1], [2, 2]))
    g.ndata["h"] = COUNT
    block = gm.to_block(g, [2])
    ends = [block.srcdata["_ID"], block.dstdata["_ID"]]
    parts = frames.extract_node_subframes_for_block(g, ends[:1], ends[1:])
    frames.set_new_frames(block, node_frames=parts)
    assert block.srcdata["h"].tolist() == COUNT[ends[0]].tolist()
    assert block.dstdata["h"].tolist() == [[4, 5]]


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
