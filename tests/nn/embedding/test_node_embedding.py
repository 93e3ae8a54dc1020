"""Embeddings of nodes, of which a step updates the rows that were looked up."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from support.laws import assert_close, assert_same_bits
from torch import Tensor, nn

import graphmp as gm
from graphmp.nn import NodeEmbedding
from graphmp.nn.optim import SparseAdagrad, SparseAdam


def embedding(name: str = "users") -> NodeEmbedding:
    generator = torch.Generator().manual_seed(0)
    return NodeEmbedding(6, 3, name, lambda zeros: zeros.uniform_(generator=generator))


@pytest.mark.parametrize("ids", [torch.tensor([4, 1, 4]), [4, 1, 4], torch.tensor([4, 1, 4]).int()])
def test_a_call_returns_rows_that_have_no_history(ids: Any) -> None:
    layer = embedding()
    rows = layer(ids)
    assert_same_bits(rows.detach(), layer.weight[[4, 1, 4]])
    assert rows.is_leaf
    assert rows.requires_grad
    assert layer.trace[0][1] is rows
    with torch.no_grad():
        assert not layer(ids).requires_grad
    assert len(layer.trace) == 1
    layer.reset_trace()
    assert layer.trace == []


def loss_of(layer: Any, step: int) -> Tensor:
    """A loss over rows, some of them looked up twice."""
    first, second = layer(torch.tensor([1, step, 3])), layer(torch.tensor([2, 1]))
    total: Tensor = first.square().sum() + (second * torch.arange(3)).sum()
    return total


def dense_means(weight: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """For every node the mean of the gradients of its rows, and whether it was looked up."""
    leaf = weight.clone().requires_grad_()
    torch.autograd.backward(loss_of(lambda ids: leaf[ids], step))
    counts = torch.bincount(torch.tensor([1, step, 3, 2, 1]), minlength=6)
    assert leaf.grad is not None
    return leaf.grad / counts.clamp(min=1).unsqueeze(1), counts > 0


def test_adagrad_agrees_with_the_formula() -> None:
    layer = embedding()
    weight, total = layer.weight.clone(), torch.zeros(6, 3)
    optimizer = SparseAdagrad([layer], lr=0.1, eps=1e-3)
    for step in range(4):
        optimizer.zero_grad()
        torch.autograd.backward(loss_of(layer, step))
        optimizer.step()
        grad, _ = dense_means(weight, step)
        total += grad.square()
        weight -= 0.1 * grad / (total + 1e-3).sqrt()
        assert_close(layer.weight, weight)


def test_adam_counts_the_steps_of_each_row() -> None:
    layer = embedding()
    weight, m, v, t = layer.weight.clone(), torch.zeros(6, 3), torch.zeros(6, 3), torch.zeros(6, 1)
    optimizer = SparseAdam([layer], lr=0.1, betas=(0.8, 0.9), eps=1e-3)
    for step in range(4):
        optimizer.zero_grad()
        torch.autograd.backward(loss_of(layer, step))
        optimizer.step()
        grad, seen = dense_means(weight, step)
        t[seen] += 1
        m[seen], v[seen] = (0.8 * m + 0.2 * grad)[seen], (0.9 * v + 0.1 * grad.square())[seen]
        change = 0.1 * (m / (1 - 0.8**t)) / ((v / (1 - 0.9**t)).sqrt() + 1e-3)
        weight[seen] -= change[seen]
        assert_close(layer.weight, weight)


def test_adam_is_that_of_torch_where_all_rows_are_read() -> None:
    layer = embedding()
    other = nn.Embedding(6, 3, sparse=True)
    other.weight.data.copy_(layer.weight)
    mine, theirs = SparseAdam([layer], lr=0.1), torch.optim.SparseAdam(other.parameters(), lr=0.1)
    ids = torch.arange(6)
    for _ in range(3):
        for module, optimizer in ((layer, mine), (other, theirs)):
            optimizer.zero_grad()
            module(ids).square().sum().backward()
            optimizer.step()
    assert_close(layer.weight, other.weight)


def test_without_zero_grad_the_next_step_reads_the_rows_again() -> None:
    one, two = embedding(), embedding()
    optimizers = [SparseAdagrad([layer], lr=0.1) for layer in (one, two)]
    for _ in range(2):
        one([1]).sum().backward()
        optimizers[0].step()
        two([1]).sum().backward()
        optimizers[1].zero_grad()
        optimizers[1].step()
    assert (len(one.trace), len(two.trace)) == (2, 0)


def test_rows_that_the_loss_does_not_read_stay() -> None:
    layer = embedding()
    before = layer.weight.clone()
    optimizer = SparseAdam([layer], lr=0.1)
    layer([0])
    layer([2]).sum().backward()
    optimizer.step()
    changed = (layer.weight != before).any(1)
    assert changed.tolist() == [False, False, True, False, False, False]
    optimizer.zero_grad()
    optimizer.step()
    after = layer.weight.clone()
    optimizer.step()  # nothing was looked up
    assert_same_bits(layer.weight, after)


@pytest.mark.parametrize("kind", [SparseAdagrad, SparseAdam])
def test_training_goes_on_from_a_saved_state(kind: Any, tmp_path: Any) -> None:
    one, two = embedding(), embedding()
    first = kind([one], lr=0.1)
    torch.autograd.backward(loss_of(one, 0))
    first.step()
    torch.save((one.state_dict(), first.state_dict()), tmp_path / "state.pt")
    weights, state = torch.load(tmp_path / "state.pt", weights_only=True)
    second = kind([two], lr=7.0)
    two.load_state_dict(weights)
    second.load_state_dict(state)
    assert second.param_groups == first.param_groups
    for layer, optimizer in ((one, first), (two, second)):
        layer.reset_trace()
        torch.autograd.backward(loss_of(layer, 1))
        optimizer.step()
    assert_same_bits(one.weight, two.weight)


def test_a_state_may_be_float16() -> None:
    layer = embedding()
    optimizer = SparseAdam([layer], lr=0.1, dtype=torch.float16)
    torch.autograd.backward(loss_of(layer, 0))
    optimizer.step()
    assert layer.optm_state is not None
    assert [x.dtype for x in layer.optm_state] == [torch.int32, torch.float16, torch.float16]
    assert layer.weight.dtype == torch.float32


def test_in_a_module_it_has_a_state_but_no_parameter_and_does_not_move() -> None:
    model = nn.ModuleDict({"users": embedding(), "linear": nn.Linear(3, 2)}).double()
    assert [name for name, _ in model.named_parameters()] == ["linear.weight", "linear.bias"]
    assert next(iter(model.state_dict())) == "users.weight"
    assert model.state_dict()["users.weight"].dtype == torch.float32


def test_it_can_be_copied_and_pickled() -> None:
    layer = embedding()
    layer([1])
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert_same_bits(other.weight, layer.weight)
        assert (other.name, len(other.trace)) == ("users", 1)


def test_the_whole_weight_can_be_set_and_read() -> None:
    layer = embedding()
    layer.all_set_embedding(torch.ones(6, 3))
    assert_same_bits(layer.all_get_embedding(), torch.ones(6, 3))
    assert (layer.num_embeddings, layer.embedding_dim) == (6, 3)
    assert (layer.rank, layer.world_size, layer.store, layer.partition) == (-1, 0, None, None)
    assert not NodeEmbedding(2, 2, "zeros").weight.any()


def test_wrong_inputs_are_refused() -> None:
    layer = embedding()
    with pytest.raises(gm.GraphIndexError, match="node_ids: expected ids from 0 to 5, got 6"):
        layer([6])
    with pytest.raises(gm.GraphIndexError, match="got -1"):
        layer(torch.tensor([-1]))
    with pytest.raises(gm.GraphTypeError, match="node_ids"):
        layer(torch.tensor([0.5, 1.0]))
    with pytest.raises(gm.GraphValueError, match=r"result of init_func: expected shape \(6, 3\)"):
        NodeEmbedding(6, 3, "x", lambda zeros: zeros[1:])
    with pytest.raises(gm.GraphTypeError, match="result of init_func: expected a tensor, got None"):
        NodeEmbedding(6, 3, "x", lambda _: None)  # type: ignore[arg-type, return-value]
    with pytest.raises(gm.GraphValueError, match="partition: expected None"):
        NodeEmbedding(6, 3, "x", partition=3)  # type: ignore[arg-type]
    with pytest.raises(gm.GraphValueError, match=r"values: expected shape \(6, 3\)"):
        layer.all_set_embedding(torch.ones(5, 3))


def test_wrong_arguments_of_optimizers_are_refused() -> None:
    with pytest.raises(gm.GraphTypeError, match=r"use an optimizer of torch\.optim"):
        SparseAdam([nn.Embedding(3, 2)], lr=0.1)  # type: ignore[list-item]
    with pytest.raises(gm.GraphValueError, match="params: expected at least one embedding"):
        SparseAdam([], lr=0.1)
    with pytest.raises(gm.GraphValueError, match=r"different names, got \['users', 'users'\]"):
        SparseAdam([embedding(), embedding()], lr=0.1)
    with pytest.raises(
        gm.GraphTypeError, match=r"dtype: expected torch\.float32 or torch\.float16, got"
    ):
        SparseAdam([embedding()], lr=0.1, dtype=torch.int8)
    state = SparseAdagrad([embedding()], lr=0.1).state_dict()
    with pytest.raises(gm.GraphKeyError, match=r"a state of 'items', got \['users'\]"):
        SparseAdagrad([embedding("items")], lr=0.1).load_state_dict(state)
    with pytest.raises(gm.GraphValueError, match="a state of 'users' of shapes"):
        SparseAdam([embedding()], lr=0.1).load_state_dict(state)


def test_several_processes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    with pytest.raises(gm.GraphRuntimeError, match="Expected one process, got 2"):
        embedding()
