from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from support.laws import assert_close, assert_same_bits
from support.unchanged import each
from torch import Tensor
from torch.linalg import vector_norm

import graphmp as gm
from graphmp import GraphTypeError, GraphValueError
from graphmp.transforms.points import ALGORITHMS, COMPUTE_MODES

each_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS)


def cloud(n: int, size: int = 3) -> Tensor:
    return torch.randn(n, size, generator=torch.Generator().manual_seed(n))


def grid(n: int) -> Tensor:
    """Few places for many points, so that most distances are equal to others."""
    return torch.randint(4, (n, 2), generator=torch.Generator().manual_seed(0)).float()


SETS = {
    "cloud": cloud(40),
    "far from the origin": cloud(40).double() + 1e6,
    "grid": grid(60),
    "coincident": torch.ones(30, 2),
    "a line": torch.arange(25.0).view(-1, 1),
    "one": cloud(1),
    "two": cloud(2),
}


def by_hand(x: Tensor, k: int, dist: str, exclude_self: bool) -> list[tuple[int, int]]:
    """The edges, from a sorted list for each point."""
    x = x.double()
    edges = []
    for i in range(len(x)):
        far = []
        for j in range(len(x)):
            apart = float(vector_norm(x[i] - x[j]))
            if dist == "cosine":
                lengths = vector_norm(x[i]) * vector_norm(x[j])
                apart = 1 - float(x[i] @ x[j] / lengths)
            if not (exclude_self and i == j):
                far.append((-1.0 if i == j else apart, j))
        edges += [(j, i) for _, j in sorted(far)[:k]]
    return edges


def pairs(g: gm.Graph) -> list[tuple[int, int]]:
    u, v = g.edges()
    return list(zip(u.tolist(), v.tolist(), strict=True))


# ---- nearest neighbours


@each_algorithm
@pytest.mark.parametrize("exclude_self", [False, True])
@each("x", SETS)
@pytest.mark.filterwarnings("ignore:Expected sets of points with at least k=")
def test_the_nearest_send_edges_in_order(x: Tensor, exclude_self: bool, algorithm: str) -> None:
    for k in (1, 5):
        g = gm.knn_graph(x, k, algorithm, exclude_self=exclude_self)
        assert pairs(g) == by_hand(x, k, "euclidean", exclude_self)
        assert (g.num_nodes(), g.idtype) == (len(x), torch.int64)


@each_algorithm
def test_cosine_looks_at_directions(algorithm: str) -> None:
    x = cloud(40) * torch.rand(40, 1).add(0.1)
    g = gm.knn_graph(x, 4, algorithm, dist="cosine", exclude_self=True)
    assert pairs(g) == by_hand(x, 4, "cosine", True)


@each_algorithm
def test_few_distances_at_a_time_give_the_same(
    algorithm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for x in (cloud(50), grid(50)):
        whole = gm.knn_graph(x, 3, algorithm)
        radius = gm.radius_graph(x, 1.0)
        with monkeypatch.context() as patch:
            patch.setattr("graphmp.transforms.points._NUMBERS", 70)
            assert pairs(gm.knn_graph(x, 3, algorithm)) == pairs(whole)
            assert pairs(gm.radius_graph(x, 1.0)) == pairs(radius)


@pytest.mark.parametrize("exclude_self", [False, True])
def test_sets_of_points_are_a_batch_of_their_graphs(exclude_self: bool) -> None:
    x, sizes = torch.cat([cloud(20), cloud(6), cloud(11)]), [20, 6, 0, 11]
    g = gm.segmented_knn_graph(x, 4, sizes, exclude_self=exclude_self)
    parts = [gm.knn_graph(part, 4, exclude_self=exclude_self) for part in torch.split(x, sizes)]
    whole = gm.batch(parts)
    assert pairs(g) == pairs(whole)
    assert g.batch_num_nodes().tolist() == sizes
    assert g.batch_num_edges().tolist() == whole.batch_num_edges().tolist()
    for given in (tuple(sizes), torch.tensor(sizes), torch.tensor(sizes, dtype=torch.int32)):
        assert pairs(gm.segmented_knn_graph(x, 4, given, exclude_self=exclude_self)) == pairs(g)


def test_three_dimensions_are_a_batch() -> None:
    x = torch.stack([cloud(8), cloud(8) + 1, -cloud(8)])
    g = gm.knn_graph(x, 3)
    assert pairs(g) == pairs(gm.batch([gm.knn_graph(part, 3) for part in x]))
    assert (g.batch_size, g.batch_num_edges().tolist()) == (3, [24, 24, 24])


def test_a_set_with_too_few_points_gives_all_of_them_and_the_others_what_is_wanted() -> None:
    with pytest.warns(gm.GraphWarning, match="at least k=3 neighbours, got one with 2"):
        g = gm.segmented_knn_graph(cloud(7), 3, [2, 5])
    assert g.in_degrees().tolist() == [2, 2, 3, 3, 3, 3, 3]


def test_no_points_are_an_empty_graph() -> None:
    for g in (
        gm.knn_graph(torch.empty(0, 3), 2),
        gm.knn_graph(torch.empty(2, 0, 3), 2),
        gm.segmented_knn_graph(torch.empty(0, 3), 2, []),
        gm.radius_graph(torch.empty(0, 3), 1.0),
    ):
        assert (g.num_nodes(), g.num_edges()) == (0, 0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.int32])
def test_points_of_any_number(dtype: torch.dtype) -> None:
    x = grid(30).to(dtype)
    assert pairs(gm.knn_graph(x, 3)) == pairs(gm.knn_graph(grid(30), 3))
    assert pairs(gm.radius_graph(x, 1)) == pairs(gm.radius_graph(grid(30), 1))


def test_points_that_need_a_gradient_may_come() -> None:
    assert gm.knn_graph(cloud(9).requires_grad_(), 2).num_edges() == 18


# ---- within a radius


@pytest.mark.parametrize("p", [1, 2, 3.5, float("inf")])
@pytest.mark.parametrize("self_loop", [False, True])
@each("x", SETS)
def test_all_within_the_radius_are_joined(x: Tensor, p: float, self_loop: bool) -> None:
    x = x.double()
    g, distances = gm.radius_graph(x, 1.5, p, self_loop, get_distances=True)
    apart = vector_norm(x.view(len(x), 1, -1) - x, p, dim=-1)
    near = apart <= 1.5
    near.fill_diagonal_(self_loop)
    assert pairs(g) == [tuple(pair) for pair in near.nonzero().tolist()]
    assert_close(distances, apart[near].view(-1, 1))


@pytest.mark.parametrize("mode", COMPUTE_MODES)
def test_every_compute_mode_finds_the_same(mode: str) -> None:
    x = cloud(50)
    expected, distances = gm.radius_graph(x, 0.8, get_distances=True)
    g, found = gm.radius_graph(x, 0.8, compute_mode=mode, get_distances=True)
    assert pairs(g) == pairs(expected)
    assert_same_bits(found, distances)


def test_gradients_go_through_distances() -> None:
    x = cloud(6).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda y: gm.radius_graph(y, 1.5, get_distances=True)[1], x)
    coincident = torch.ones(3, 2, requires_grad=True)
    gm.radius_graph(coincident, 1.0, self_loop=True, get_distances=True)[1].sum().backward()
    assert coincident.grad is not None
    assert bool((coincident.grad == 0).all())


# ---- bad input

X = torch.ones(4, 2)
BAD: dict[str, tuple[Any, type[gm.GraphError], str]] = {
    "list": (lambda: gm.knn_graph([[1.0]], 1), GraphTypeError, "a tensor, got list"),  # type: ignore[arg-type]
    "complex": (lambda: gm.knn_graph(X * 1j, 1), GraphTypeError, "real coordinates, got a tensor"),
    "one dimension": (lambda: gm.knn_graph(X[0], 1), GraphValueError, r"\(N, D\) or \(B, N, D\)"),
    "no coordinates": (lambda: gm.knn_graph(X[:, :0], 1), GraphValueError, r"got \(4, 0\)"),
    "NaN": (lambda: gm.knn_graph(X * float("nan"), 1), GraphValueError, "Expected finite points"),
    "k": (lambda: gm.knn_graph(X, 0), GraphValueError, "k to be at least 1, got 0"),
    "negative k": (lambda: gm.knn_graph(X, -1), GraphValueError, "k: .* non-negative int, got -1"),
    "half k": (lambda: gm.knn_graph(X, 1.5), GraphTypeError, "expected an int"),  # type: ignore[arg-type]
    "algorithm": (lambda: gm.knn_graph(X, 1, "fast"), GraphValueError, "among brute.*'fast'"),
    "dist": (lambda: gm.knn_graph(X, 1, dist="l1"), GraphValueError, "euclidean, cosine.*'l1'"),
    "batch": (
        lambda: gm.segmented_knn_graph(X.view(2, 2, 2), 1, [2, 2]),
        GraphValueError,
        r"shape \(N, D\), D above 0, got",
    ),
    "sum": (lambda: gm.segmented_knn_graph(X, 1, [2, 3]), GraphValueError, "sum to the 4 points"),
    "negative": (lambda: gm.segmented_knn_graph(X, 1, [5, -1]), GraphValueError, "none negative"),
    "floats": (lambda: gm.segmented_knn_graph(X, 1, [4.0]), GraphTypeError, "expected integers"),
    "radius": (lambda: gm.radius_graph(X, 0), GraphValueError, "r above 0"),
    "NaN radius": (lambda: gm.radius_graph(X, float("nan")), GraphValueError, "r above 0"),
    "negative p": (lambda: gm.radius_graph(X, 1, p=-1), GraphValueError, "got .* p=-1"),
    "no number": (lambda: gm.radius_graph(X, "far"), GraphTypeError, "r to be a number"),  # type: ignore[arg-type]
    "infinite": (lambda: gm.radius_graph(X / 0, 1), GraphValueError, "Expected finite points"),
    "mode": (
        lambda: gm.radius_graph(X, 1, compute_mode="mm"),
        GraphValueError,
        "compute_mode among",
    ),
    "radius batch": (
        lambda: gm.radius_graph(X.view(2, 2, 2), 1),
        GraphValueError,
        r"shape \(N, D\), D above 0, got",
    ),
}


@each("call, error, message", BAD)
def test_bad_input_is_an_error(call: Any, error: type[gm.GraphError], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.program
def test_a_tree_without_scipy_is_an_error_that_says_what_to_do() -> None:
    code = (
        "import sys; sys.modules['scipy.spatial'] = None\n"
        "import torch, graphmp as gm\n"
        "try: gm.knn_graph(torch.ones(3, 2), 2, 'kd-tree')\n"
        "except gm.GraphRuntimeError as error: print(error)\n"
        "print(gm.knn_graph(torch.ones(3, 2), 2).num_edges())"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "pip install scipy, or choose 'bruteforce'" in done.stdout
    assert done.stdout.endswith("6\n")


# ---- modules


def test_modules_call_the_functions() -> None:
    x = cloud(20)
    knn = gm.nn.KNNGraph(3)(x, "kd-tree", "cosine", True)
    assert pairs(knn) == pairs(gm.knn_graph(x, 3, "kd-tree", "cosine", True))
    parts = gm.nn.SegmentedKNNGraph(3)(x, [8, 12], "bruteforce", "cosine", True)
    assert pairs(parts) == pairs(
        gm.segmented_knn_graph(x, 3, [8, 12], dist="cosine", exclude_self=True)
    )
    found, distances = gm.nn.RadiusGraph(0.9, 1, True, COMPUTE_MODES[0])(x, get_distances=True)
    expected = gm.radius_graph(x, 0.9, 1, True, COMPUTE_MODES[0], True)
    assert pairs(found) == pairs(expected[0])
    assert_same_bits(distances, expected[1])
    for module in (gm.nn.KNNGraph(3), gm.nn.SegmentedKNNGraph(3), gm.nn.RadiusGraph(1.0)):
        assert not module.state_dict()
    assert repr(gm.nn.KNNGraph(3)) == "KNNGraph(k=3)"
    assert repr(gm.nn.RadiusGraph(1.5)) == "RadiusGraph(r=1.5, p=2)"


def test_a_tree_settles_many_ties_by_id() -> None:
    points = torch.cat([torch.zeros(400, 2), torch.ones(1, 2)])
    tree, every = (gm.knn_graph(points, 3, algorithm=a) for a in ("kd-tree", "bruteforce"))
    assert torch.equal(torch.stack(tree.edges()), torch.stack(every.edges()))
    assert tree.in_edges(399)[0].tolist() == [399, 0, 1]
