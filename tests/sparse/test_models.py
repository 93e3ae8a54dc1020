"""Models in matrix form, on the page of sparse matrices and here, equal layers and formulas."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import graphmp as gm
import graphmp.sparse as dglsp

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sparse.md"
CODE = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """What the examples on the page define."""
    torch.manual_seed(0)
    defined: dict[str, Any] = {}
    for block in CODE:
        exec(block, defined)
    return defined


def test_there_are_five_examples(names: dict[str, Any]) -> None:
    assert len(CODE) == 5


def test_graph_convolution_in_matrix_form_is_the_layer(names: dict[str, Any]) -> None:
    layer = gm.nn.GraphConv(8, 4, bias=False)
    layer.load_state_dict({"weight": names["W"]})
    expected = layer(gm.add_self_loop(names["g"]), names["X"])
    torch.testing.assert_close(names["convolved"], expected, rtol=1e-4, atol=1e-4)


def test_propagation_in_matrix_form_is_the_layer(names: dict[str, Any]) -> None:
    layer = gm.nn.APPNPConv(3, 0.1)
    expected = layer(gm.add_self_loop(names["g"]), names["X"])
    torch.testing.assert_close(names["propagated"], expected, rtol=1e-4, atol=1e-4)


def test_powers_in_matrix_form_are_dense_powers(names: dict[str, Any]) -> None:
    P = names["normalized"](names["A"]).to_dense()
    expected = torch.cat([names["X"], P @ names["X"], P @ P @ names["X"]], 1)
    torch.testing.assert_close(names["powers"], expected, rtol=1e-4, atol=1e-4)


def masked(scores: Tensor, A: dglsp.SparseMatrix) -> Tensor:
    """Row-wise softmax of dense scores at the entries of a matrix without repetitions."""
    mask = A.to_dense().bool().unsqueeze(-1)
    return scores.masked_fill(~mask, -torch.inf).softmax(1).nan_to_num()


def test_attention_in_matrix_form_is_a_masked_softmax(names: dict[str, Any]) -> None:
    A, H = names["A"].T, names["heads"]
    scores = torch.nn.functional.leaky_relu(H.sum(1)[:, None] + H.sum(1)[None], 0.2)
    expected = torch.einsum("lmk,mnk->lnk", masked(scores, A), H)
    torch.testing.assert_close(names["attended"], expected)
    scores = torch.einsum("ldk,mdk->lmk", H, H) / 2
    expected = torch.einsum("lmk,mnk->lnk", masked(scores, A), H)
    torch.testing.assert_close(names["transformed"], expected)


def test_a_hypergraph_network_is_its_dense_formula(names: dict[str, Any]) -> None:
    H = names["H"].to_dense()
    V, E = torch.diag(H.sum(1) ** -0.5), torch.diag(1 / H.sum(0))
    expected = V @ H @ E @ H.T @ V @ names["X"][:4]
    torch.testing.assert_close(names["smoothed"], expected)


def test_a_model_in_matrix_form_learns() -> None:
    torch.manual_seed(0)
    A = dglsp.spmatrix(torch.randint(10, (2, 40)), shape=(10, 10)).coalesce()
    weight = torch.zeros(A.nnz, requires_grad=True)
    linear, X, Y = torch.nn.Linear(3, 3), torch.randn(10, 3), torch.randn(10, 3)
    optimizer = torch.optim.Adam([weight, *linear.parameters()], 0.1)
    losses = []
    for _ in range(20):
        loss = ((dglsp.val_like(A, weight).softmax() @ linear(X)) - Y).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_tikhonov_smoothing_by_gradient_steps_reaches_the_solution(names: dict[str, Any]) -> None:
    L = dglsp.identity(names["A"].shape) - names["normalized"](names["A"])
    X = Y = names["X"]
    for _ in range(60):
        Y = Y - 0.4 * (Y - X + L @ Y)
    expected = torch.linalg.solve(torch.eye(20) + L.to_dense(), X)
    torch.testing.assert_close(Y, expected, rtol=1e-4, atol=1e-4)
