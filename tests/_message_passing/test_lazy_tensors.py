"""Whatever a message function does with the features of its edges' ends, it gives what it says."""

from __future__ import annotations

import copy
import io
import warnings
from importlib import import_module
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from support.laws import gradients
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

import graphmp as gm
import graphmp.function as fn
from graphmp._message_passing.recording.lazy import LazyTensor

NODES, EDGES = 40, 300
torch.manual_seed(0)
LINEAR, NORM, DROPOUT = nn.Linear(6, 6), nn.BatchNorm1d(6), nn.Dropout(0.5)
STORED: list[Any] = []


class Reversed(torch.autograd.Function):
    """The square, with a gradient of its own: that of minus the number."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x * x

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return -grad


def scripted(u: Tensor, v: Tensor) -> Tensor:
    return torch.relu(u - v) * 2


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch deprecates them
    SCRIPTED: Any = torch.jit.script(scripted)
    TRACED: Any = torch.jit.trace(  # type: ignore[no-untyped-call]
        lambda x: torch.tanh(x) * 3, torch.randn(3, 6)
    )


def changed_in_place(u: Any, v: Any, w: Any) -> Any:
    messages = u.clone()
    messages.mul_(2)
    messages[:, 0] = 0
    return messages


def changed_by_a_view(u: Any, v: Any, w: Any) -> Any:
    messages = u * 1
    heads = messages.view(-1, 2, 3)
    heads += v.view(-1, 2, 3)
    return messages


def changed_under_views(u: Any, v: Any, w: Any) -> Any:
    difference = u - v
    heads, part = difference.view(-1, 2, 3), difference[:, :3]
    difference += 1
    return heads.flatten(1) + torch.cat([part, part], 1)


def rectified_in_place(u: Any, v: Any, w: Any) -> Any:
    difference = u - v
    nn.ReLU(inplace=True)(difference)
    return nn.LeakyReLU(0.1, inplace=True)(difference - 1)


def set_where(u: Any, v: Any, w: Any) -> Any:
    difference = (u - v).clone()
    difference[difference > 0] = 0
    return difference


def hooked(u: Any, v: Any, w: Any) -> Any:
    difference = u - v
    if difference.requires_grad:
        difference.register_hook(lambda grad: grad * 2)
    return difference


def stored(u: Any, v: Any, w: Any) -> Any:
    STORED.append(u * v)
    return u


def differentiated(u: Any, v: Any, w: Any) -> Any:
    difference = (u - v).detach().requires_grad_()
    with torch.enable_grad():
        (grad,) = torch.autograd.grad((difference**3).sum(), difference)
    return grad * u


def without_gradient(u: Any, v: Any, w: Any) -> Any:
    with torch.no_grad():
        gate = torch.sigmoid(u + v)
    return gate * u


def saved(u: Any, v: Any, w: Any) -> Any:
    file = io.BytesIO()
    torch.save((u - v).detach(), file)
    file.seek(0)
    return torch.load(file)


def out(u: Any, v: Any, w: Any) -> Any:
    result = torch.empty(EDGES, 6)
    torch.sub(u.detach(), v.detach(), out=result)
    return result


def unbound(u: Any, v: Any, w: Any) -> Any:
    total: Any = 0
    for column in u.unbind(1):
        total = total + column
    return total.unsqueeze(1) * v


FUNCTIONS: dict[str, Any] = (
    {
        f.__name__: f
        for f in (
            changed_in_place,
            changed_by_a_view,
            changed_under_views,
            rectified_in_place,
            set_where,
            hooked,
            stored,
            differentiated,
            without_gradient,
            saved,
            out,
            unbound,
        )
    }
    | {
        "own gradient": lambda u, v, w: Reversed.apply(u),  # type: ignore[no-untyped-call]
        "own gradient of both": lambda u, v, w: Reversed.apply(u - v) * w,  # type: ignore[no-untyped-call]
        "scripted": lambda u, v, w: SCRIPTED(u, v),
        "traced": lambda u, v, w: TRACED(u + v),
        "checkpointed": lambda u, v, w: checkpoint(
            lambda a, b: torch.relu(LINEAR(a) - b), u, v, use_reentrant=False
        ),
        "control flow": lambda u, v, w: u * (2 if u.sum().item() > 0 else 3),
        "iterated": lambda u, v, w: torch.stack(list(u - v)),
        "NumPy": lambda u, v, w: torch.from_numpy((u - v).detach().numpy()).clone(),
        "numbers": lambda u, v, w: u[:, 0] * v[:, 1],
        "integers": lambda u, v, w: (u > 0).long() + (v > u),
        "dropout": lambda u, v, w: DROPOUT(u - v),
        "random": lambda u, v, w: u + torch.randn_like(v),
        "einsum": lambda u, v, w: torch.einsum("ef,eg->efg", u, v).flatten(1),
        "bmm": lambda u, v, w: torch.bmm(u.view(-1, 2, 3), v.view(-1, 3, 2)).flatten(1),
        "copied": lambda u, v, w: copy.deepcopy(u.detach()),
        "sizes": lambda u, v, w: u / len(u) + u.shape[0] + v.size(1) + u.numel(),
        "data": lambda u, v, w: (u - v).data * u,
        "linalg": lambda u, v, w: torch.linalg.norm(u - v, dim=1, keepdim=True),
        "cosine": lambda u, v, w: F.cosine_similarity(u, v, dim=-1).unsqueeze(-1),
        "sorted": lambda u, v, w: (u + v).sort(1)[0],
        "one hot": lambda u, v, w: F.one_hot((u + v).argmax(1), 6).float(),
        "masked": lambda u, v, w: (u - v).masked_fill(u > v, 0.0),
        "rows": lambda u, v, w: torch.cat([u, v], 0)[:EDGES] + torch.cat([u, v], 0)[EDGES:],
        "mean of edges": lambda u, v, w: u - u.mean(0, keepdim=True),
        "softmax of edges": lambda u, v, w: torch.softmax((u * v).sum(1), 0).unsqueeze(1) * u,
        "transposed": lambda u, v, w: (u.T * 2).T,
        "expanded": lambda u, v, w: u[:, :1].expand(-1, 6) * v,
        "repeated": lambda u, v, w: u[:, :1].repeat(1, 6) * v,
        "closed over": lambda u, v, w: w * u + torch.arange(6),
        "complex": lambda u, v, w: torch.complex(u, v).real,
        "typed": lambda u, v, w: u.type(torch.float64) + v.to("cpu"),
        "new": lambda u, v, w: u.new_ones(u.shape) * v,
        "vmap": lambda u, v, w: torch.vmap(lambda a, b: a * b + a.sum())(u, v),
        "batch norm": lambda u, v, w: NORM(u - v),
        "PReLU": lambda u, v, w: nn.PReLU()(u - v),
        "attention": lambda u, v, w: F.scaled_dot_product_attention(
            u.view(-1, 2, 3), v.view(-1, 2, 3), u.view(-1, 2, 3)
        ).flatten(1),
        "many operands": lambda u, v, w: sum((u * k - v / k) * (u + k) for k in range(1, 12)),
    }
)


def featured() -> tuple[gm.Graph, list[Tensor]]:
    generator = torch.Generator().manual_seed(3)
    ends = [torch.randint(NODES - k, (EDGES,), generator=generator) for k in (2, 3)]
    g = gm.graph((ends[0], ends[1]), num_nodes=NODES)
    inputs = [
        torch.randn(rows, width, generator=generator).requires_grad_()
        for rows, width in ((NODES, 6), (EDGES, 1))
    ]
    g.ndata["x"], g.edata["w"] = inputs
    return g, inputs


@pytest.mark.parametrize("verb", ["sum", "max", "keep"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_message_function_gives_what_it_says(name: str, verb: str) -> None:
    results = []
    for is_fused in (True, False):
        g, inputs = featured()
        torch.manual_seed(4)
        STORED.clear()
        NORM.reset_running_stats()

        def message(edges: Any) -> dict[str, Any]:
            return {"y": FUNCTIONS[name](edges.src["x"], edges.dst["x"], edges.data["w"])}

        with gm.fuse_functions(is_fused):
            if verb == "keep":
                g.apply_edges(message)
                y = g.edata["y"]
            else:
                g.update_all(message, getattr(fn, verb)("y", "y"))
                y = g.ndata["y"]
        assert type(y) is Tensor
        wanted = [*inputs, *LINEAR.parameters()]
        grads = gradients(y, wanted, torch.linspace(-1, 1, y.numel()).view_as(y))
        results.append((y, grads, torch.get_rng_state(), [s.detach() * 1 for s in STORED]))
        assert NORM.num_batches_tracked == (name == "batch norm")  # the check left it alone
    (y, grads, state, kept), (expected, expected_grads, expected_state, expected_kept) = results
    torch.testing.assert_close(y, expected, rtol=1e-4, atol=1e-4, equal_nan=True)
    torch.testing.assert_close(grads, expected_grads, rtol=1e-3, atol=1e-3)
    assert torch.equal(state, expected_state)
    torch.testing.assert_close(list(map(computed, kept)), expected_kept)


def computed(tensor: Tensor) -> Tensor:
    return tensor.compute() if isinstance(tensor, LazyTensor) else tensor


def test_a_node_without_edges_leaves_no_nan_in_gradients() -> None:
    g = gm.graph(([0, 1], [1, 0]), num_nodes=3)
    x = torch.tensor([[4.0], [9.0], [0.0]], requires_grad=True)
    weight = torch.ones(1, 1, requires_grad=True)
    g.ndata["x"] = x
    with gm.fuse_functions():
        g.update_all(lambda edges: {"m": (edges.src["x"] @ weight).sqrt()}, fn.sum("m", "y"))
    g.ndata["y"].sum().backward()
    assert x.grad is not None
    assert weight.grad is not None
    torch.testing.assert_close(x.grad, torch.tensor([[0.25], [1 / 6], [0.0]]))
    torch.testing.assert_close(weight.grad, torch.tensor([[2.5]]))


def test_second_derivatives_through_a_function() -> None:
    g, (x, _) = featured()

    def second(is_fused: bool) -> Tensor:
        with gm.fuse_functions(is_fused):
            g.update_all(
                lambda edges: {
                    "m": torch.sigmoid(edges.src["x"] - edges.dst["x"]) * edges.src["x"]
                },
                fn.sum("m", "y"),
            )
        (grad,) = torch.autograd.grad(g.ndata["y"].square().sum(), x, create_graph=True)
        return torch.autograd.grad(grad.square().sum(), x)[0]

    torch.testing.assert_close(second(True), second(False), rtol=1e-3, atol=1e-2)


def test_under_autocast_and_in_half_precision() -> None:
    g, _ = featured()

    def result(is_fused: bool) -> Tensor:
        with gm.fuse_functions(is_fused), torch.autocast("cpu", torch.bfloat16):
            g.update_all(
                lambda edges: {"m": torch.relu(LINEAR(edges.src["x"]) + edges.dst["x"])},
                fn.mean("m", "y"),
            )
        result: Tensor = g.ndata["y"]
        return result

    assert result(True).dtype == result(False).dtype
    torch.testing.assert_close(result(True), result(False), rtol=3e-2, atol=3e-2)


def test_a_small_graph_runs_functions_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    g, _ = featured()
    kinds = []

    def message(edges: Any) -> dict[str, Any]:
        kinds.append(isinstance(edges.src["x"], LazyTensor))
        return {"m": edges.src["x"]}

    g.apply_edges(message)
    monkeypatch.setenv("GRAPHMP_FUSE", "1")
    g.apply_edges(message)
    with gm.fuse_functions(False):
        g.apply_edges(message)
    large = gm.rand_graph(50, 2_000)
    large.ndata["x"] = torch.randn(50, 2)
    monkeypatch.setenv("GRAPHMP_FUSE", "0")
    large.apply_edges(message)
    monkeypatch.delenv("GRAPHMP_FUSE")
    large.apply_edges(message)
    assert kinds == [False, True, False, False, True]


def test_a_difference_is_noticed_and_the_function_runs_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aggregate: Any = import_module("graphmp._message_passing.aggregate")

    g, _ = featured()
    right = aggregate.reduced_jointly

    def wrong(*args: Any) -> Any:
        return right(*args) + 1

    monkeypatch.setattr(aggregate, "reduced_jointly", wrong)

    def message(edges: Any) -> dict[str, Any]:
        return {"m": edges.src["x"] - edges.dst["x"]}

    with gm.fuse_functions(), pytest.warns(gm.GraphWarning, match="differs from the functions"):
        g.update_all(message, fn.sum("m", "y"))
    y = g.ndata["y"]
    with gm.fuse_functions(False):
        g.update_all(message, fn.sum("m", "y"))
    torch.testing.assert_close(y, g.ndata["y"])


@pytest.mark.compiler
def test_compiled_code_receives_tensors() -> None:
    g, _ = featured()
    g.ndata["x"] = g.ndata["x"].detach()
    layer = nn.Linear(6, 6)
    compiled = torch.compile(layer, backend="eager", fullgraph=True)
    bare = nn.Sequential(nn.Linear(6, 6))
    bare[0].compile(backend="eager")

    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = compiled

        def message(self, edges: Any) -> dict[str, Any]:
            return {"m": self.inner(edges.src["x"])}

    def message(edges: Any) -> dict[str, Any]:
        return {"m": compiled(edges.src["x"]) - bare(edges.dst["x"])}

    for function in (message, Layer().message):
        with torch.no_grad(), gm.fuse_functions():
            g.update_all(function, fn.sum("m", "y"))
        y = g.ndata["y"]
        with torch.no_grad(), gm.fuse_functions(False):
            g.update_all(function, fn.sum("m", "y"))
        torch.testing.assert_close(y, g.ndata["y"])


def test_a_context_takes_bools() -> None:
    with pytest.raises(gm.GraphTypeError, match="enabled"), gm.fuse_functions(1):  # type: ignore[arg-type]
        pass
