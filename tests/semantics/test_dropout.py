"""Dropout: what torch's does, by numbers that are drawn again instead of stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.corner_graphs import FLOATS, feature
from support.laws import assert_same_bits
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck
from torch.func import grad, jacrev, vmap
from torch.utils.checkpoint import checkpoint

import graphmp as gm
from graphmp.nn.functional import dropout

X = feature(40, (30,))

each_activation = pytest.mark.parametrize("activation", [None, "relu"])


def drawn(x: Tensor, seed: int = 1, **options: Any) -> Tensor:
    """Dropout with a seed."""
    torch.manual_seed(seed)
    return dropout(x, **{"p": 0.3, **options})


def mask(like: Tensor, **options: Any) -> Tensor:
    """The factors of a dropout with the same seed."""
    return drawn(torch.ones_like(like), **options)


def test_elements_are_0_or_scaled() -> None:
    out = drawn(X)
    assert_same_bits(out, torch.where(out == 0, 0, X * (2**32 / (2**32 - round(0.3 * 2**32)))))
    assert 0 < int((out == 0).sum()) < X.numel()


@pytest.mark.parametrize("options", [{"p": 0.0}, {"training": False}])
@pytest.mark.parametrize("inplace", [False, True])
def test_where_nothing_is_dropped_the_input_is_returned(
    options: dict[str, Any], inplace: bool
) -> None:
    before = torch.get_rng_state()
    for x in (X, X.long(), X.clone().requires_grad_()):
        assert dropout(x, inplace=inplace, **options) is x
    assert torch.equal(dropout(X.clone(), inplace=inplace, activation="relu", **options), X.relu())
    assert torch.equal(torch.get_rng_state(), before)


@each_activation
def test_everything_can_be_dropped(activation: str | None) -> None:
    x = torch.tensor([torch.nan, torch.inf, 1.0], requires_grad=True)
    out = dropout(x, 1.0, activation=activation)
    out.sum().backward()  # type: ignore[no-untyped-call]
    assert_same_bits(out, torch.zeros(3))
    assert x.grad is not None
    assert_same_bits(x.grad, torch.zeros(3))


def test_a_dropped_nan_is_0() -> None:
    out = drawn(torch.full((100,), torch.nan))
    assert torch.equal(out.isnan(), mask(out) != 0)
    assert not out[~out.isnan()].any()


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_every_dtype_of_floating_point_drops_the_same_elements(dtype: torch.dtype) -> None:
    out = drawn(X.to(dtype))
    assert out.dtype == dtype
    assert torch.equal(out == 0, drawn(X) == 0)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (1,), (2, 3, 4)], ids=str)
def test_every_shape_is_dropped_by_position(shape: tuple[int, ...]) -> None:
    out, flat = mask(torch.ones(shape)), mask(torch.ones(24))
    assert out.shape == shape
    assert torch.equal(out.flatten(), flat[: out.numel()])


def test_strides_do_not_decide_what_is_dropped() -> None:
    assert_same_bits(drawn(X.t().contiguous().t()), drawn(X))
    assert_same_bits(drawn(X[::2, 1::3]), drawn(X[::2, 1::3].clone()))


def test_the_seed_decides_on_any_number_of_threads() -> None:
    x, before, results = torch.ones(600, 500), torch.get_num_threads(), []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        results.append(drawn(x))
    torch.set_num_threads(before)
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])
    assert not torch.equal(results[0], drawn(x, seed=2))
    assert not torch.equal(dropout(x), dropout(x))


def test_every_backend_drops_the_same() -> None:
    with gm.kernels.using("reference"):
        wanted = drawn(X)
    assert_same_bits(drawn(X), wanted)


@each_activation
def test_the_gradient_drops_the_same_elements(activation: str | None) -> None:
    x = X.clone().requires_grad_()
    out = drawn(x, activation=activation)
    (found,) = torch.autograd.grad(out, x, torch.full_like(X, 2.0))
    is_positive = X > 0 if activation else torch.ones_like(X)
    assert_same_bits(found, 2 * mask(X) * is_positive)
    assert torch.equal(out.detach(), (X.relu() if activation else X) * mask(X))


@each_activation
def test_derivatives_of_every_order(activation: str | None) -> None:
    x = feature(4, (3,), torch.float64).requires_grad_()

    def function(x: Tensor) -> Tensor:
        return drawn(x, activation=activation).pow(3)

    def plain(x: Tensor) -> Tensor:
        return ((x.relu() if activation else x) * mask(x)).pow(3)

    assert gradcheck(function, (x,))
    assert gradgradcheck(function, (x,))
    second, wanted = (jacrev(jacrev(f))(x.detach()) for f in (function, plain))
    torch.testing.assert_close(second, wanted)


def test_a_relu_is_the_activation_before_it() -> None:
    out = drawn(X, activation="relu")
    assert_same_bits(out.abs(), drawn(X.relu()).abs())
    nothing = torch.tensor([torch.nan]).repeat(50)
    assert drawn(nothing, activation="relu").isnan().any()


def test_the_result_may_be_changed_in_place_unless_a_relu_is_fused() -> None:
    x = X.clone().requires_grad_()
    (found,) = torch.autograd.grad(drawn(x).mul_(2).sum(), x)
    assert_same_bits(found, 2 * mask(X))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        drawn(x, activation="relu").mul_(2).sum().backward()  # type: ignore[no-untyped-call]


@each_activation
def test_dropout_in_place(activation: str | None) -> None:
    leaf = X.clone().requires_grad_()
    with pytest.raises(RuntimeError, match="leaf Variable"):
        dropout(leaf, inplace=True, activation=activation)
    x = leaf * 1
    view = x[:20]
    assert drawn(view, inplace=True, activation=activation) is view
    half = leaf.detach()[:20]
    wanted = drawn(half, activation=activation)
    assert torch.equal(x, torch.cat([wanted, X[20:]]))
    (found,) = torch.autograd.grad(x.sum(), leaf)
    factors = mask(half) * (half > 0) if activation else mask(half)
    assert torch.equal(found, torch.cat([factors, torch.ones_like(X[20:])]))


@each_activation
def test_checkpoints_draw_the_same_again(activation: str | None) -> None:
    def layer(x: Tensor) -> Tensor:
        return dropout(x.sin(), 0.5, activation=activation).exp()

    results = []
    for function in (layer, lambda x: checkpoint(layer, x, use_reentrant=False)):
        x = X.clone().requires_grad_()
        torch.manual_seed(1)
        out = function(x)
        results.append((out, *torch.autograd.grad(out.sum(), x)))
    for one, other in zip(*results, strict=True):
        assert_same_bits(one, other)


@each_activation
def test_a_batch_of_vmap_drops_the_same_or_others_as_its_randomness_says(
    activation: str | None,
) -> None:
    x = torch.ones(3, 50)

    def function(x: Tensor) -> Tensor:
        return dropout(x, activation=activation)

    same = vmap(function, randomness="same")(x)
    assert torch.equal(same[0], same[1])
    assert same.any()
    different = vmap(function, randomness="different")(x)
    assert not torch.equal(different[0], different[1])
    slopes = vmap(grad(lambda x: function(x).sum()), randomness="different")(x)
    assert set(slopes.flatten().tolist()) == {0.0, 2.0}
    with pytest.raises(RuntimeError, match="randomness"):
        vmap(function)(x)


def test_autocast_leaves_the_dtype() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        assert dropout(X).dtype == torch.float32
        assert dropout(X.bfloat16()).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: dropout(X, 1.5), ValueError, "p: expected a probability, 0 to 1, got 1.5"),
        (lambda: dropout(X, -0.1), ValueError, "p: expected a probability, 0 to 1, got -0.1"),
        (lambda: dropout(X, torch.nan), ValueError, "p: expected a probability"),
        (lambda: gm.nn.Dropout(2), ValueError, "p: expected a probability, 0 to 1, got 2"),
        (lambda: dropout(X, "a"), TypeError, "p: expected a number, got str"),  # type: ignore[arg-type]
        (lambda: gm.nn.Dropout(True), TypeError, "p: expected a number, got bool"),
        (lambda: dropout([1.0]), TypeError, "input: expected a tensor, got list"),  # type: ignore[arg-type]
        (lambda: dropout(X.long()), TypeError, "expected floating point, got torch.int64"),
        (lambda: dropout(X, activation="tanh"), ValueError, "activation: expected one of relu"),
    ],
)
def test_wrong_arguments_are_errors(call: Callable[[], Any], error: type, text: str) -> None:
    with pytest.raises(gm.GraphError, match=text) as caught:
        call()
    assert isinstance(caught.value, error)


def test_the_layer_is_torchs_by_its_class_state_and_modes() -> None:
    layer = gm.nn.Dropout(0.3)
    assert isinstance(layer, nn.Dropout)
    assert repr(layer) == repr(nn.Dropout(0.3))
    assert layer.state_dict() == {}
    assert layer.eval()(X) is X
    torch.manual_seed(1)
    assert_same_bits(layer.train()(X), drawn(X))
    x = X.clone()
    assert gm.nn.Dropout(0.3, inplace=True)(x) is x
