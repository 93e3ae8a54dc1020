from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from support.laws import assert_same_bits
from support.unchanged import each
from torch import Tensor, nn

import graphmp as gm
import graphmp.function as fn
from graphmp.nn import GNNExplainer, HeteroGNNExplainer


class Sums(nn.Module):
    """Adds up what neighbours say, which is two of their features; class 0 needs the first."""

    def __init__(self, whole: bool = False) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 2)
        self.whole = whole
        with torch.no_grad():
            self.linear.weight.copy_(torch.tensor([[5.0, 0, 0, 0], [0, 0, 0, 0]]))
            self.linear.bias.zero_()

    def forward(self, graph: gm.Graph, feat: Any, eweight: Any = None, extra: Any = None) -> Any:
        with graph.local_scope():
            graph.ndata["h"] = self.linear(feat if extra is None else feat * extra)
            graph.edata["w"] = torch.ones(graph.num_edges()) if eweight is None else eweight
            graph.update_all(fn.u_mul_e("h", "w", "m"), fn.sum("m", "h"))
            out = graph.ndata["h"]
            return out.mean(0, keepdim=True) if self.whole else out


class Typed(nn.Module):
    """The same on two types: users hear of games, games of users."""

    def __init__(self, whole: bool = False) -> None:
        super().__init__()
        self.maps = nn.ModuleDict({"user": nn.Linear(4, 2), "game": nn.Linear(3, 2)})
        self.whole = whole

    def forward(self, graph: gm.Graph, feat: Any, eweight: Any = None) -> Any:
        with graph.local_scope():
            for ntype, change in self.maps.items():
                graph.nodes[ntype].data["h"] = change(feat[ntype])
            calls = {}
            for etype in graph.canonical_etypes:
                count = graph.num_edges(etype)
                weight = torch.ones(count) if eweight is None else eweight[etype]
                graph.edges[etype].data["w"] = weight
                calls[etype] = (fn.u_mul_e("h", "w", "m"), fn.sum("m", "o"))
            graph.multi_update_all(calls, "sum")
            found = dict(graph.ndata["o"])
            return found["user"].mean(0, keepdim=True) if self.whole else found


class Flat(nn.Module):
    """A model that gives one number for each node."""

    def forward(self, graph: gm.Graph, feat: Tensor, eweight: Any = None) -> Tensor:
        return feat[:, 0]


def star() -> tuple[gm.Graph, Tensor]:
    """Node 0 hears of nodes 1 to 4, of which only 1 says anything; 5 and 6 are elsewhere."""
    g = gm.graph(([1, 2, 3, 4, 6], [0, 0, 0, 0, 5]))
    x = torch.zeros(7, 4)
    x[1] = 1
    return g, x


def plays() -> tuple[gm.Graph, dict[str, Tensor]]:
    u, v = torch.tensor([0, 1, 1, 2]), torch.tensor([0, 0, 1, 1])
    g = gm.heterograph({("user", "plays", "game"): (u, v), ("game", "of", "user"): (v, u)})
    generator = torch.Generator().manual_seed(0)
    sizes = {"user": (3, 4), "game": (2, 3)}
    return g, {t: torch.randn(*size, generator=generator) for t, size in sizes.items()}


def in_bounds(*masks: Tensor) -> bool:
    return all(bool(((mask > 0) & (mask < 1)).all()) for mask in masks)


# With these the masks of what says nothing go down.
FIRM: dict[str, Any] = {"alpha1": 0.05, "alpha2": 0.05, "beta1": 0.2, "beta2": 0.05, "log": False}

# ---- one type


def test_a_nodes_class_is_explained_on_what_the_model_sees() -> None:
    g, x = star()
    torch.manual_seed(0)
    explainer = GNNExplainer(Sums(), 1, lr=0.1, num_epochs=200, **FIRM)
    center, sg, feat_mask, edge_mask = explainer.explain_node(0, g, x)
    assert center.tolist() == [0]
    assert sg.ndata[gm.NID].tolist() == [0, 1, 2, 3, 4]
    assert (feat_mask.shape, edge_mask.shape) == ((4,), (4,))
    assert in_bounds(feat_mask, edge_mask)
    assert int(feat_mask.argmax()) == 0
    u = sg.ndata[gm.NID][sg.edges()[0]]
    assert int(u[edge_mask.argmax()]) == 1
    assert not feat_mask.requires_grad


def test_a_graphs_class_is_explained_on_all_of_it() -> None:
    g, x = star()
    torch.manual_seed(0)
    explainer = GNNExplainer(Sums(whole=True), 1, lr=0.1, num_epochs=200, **FIRM)
    feat_mask, edge_mask = explainer.explain_graph(g, x)
    assert (feat_mask.shape, edge_mask.shape) == ((4,), (5,))
    assert (int(feat_mask.argmax()), int(edge_mask.argmax())) == (0, 0)


def test_one_step_follows_the_formula() -> None:
    """The first step of Adam has the size of the learning rate and the sign of the gradient."""
    g, x = star()
    model, numbers = Sums(whole=True), {"alpha1": 0.3, "alpha2": 0.2, "beta1": 0.4, "beta2": 0.6}
    found = []
    for epochs in (0, 1):
        torch.manual_seed(3)
        explainer = GNNExplainer(model, 1, 0.01, epochs, log=False, **numbers)
        found.append([m.logit() for m in explainer.explain_graph(g, x)])
    f, e = (m.clone().requires_grad_() for m in found[0])
    masks = f.sigmoid(), e.sigmoid()
    logits = model(g, x * masks[0], eweight=masks[1])[0]
    entropies = [-(m * m.log() + (1 - m) * (1 - m).log()).mean() for m in masks]
    loss = -logits.log_softmax(0)[model(g, x)[0].argmax()]
    loss = loss + 0.3 * masks[1].sum() + 0.2 * entropies[1]
    loss = loss + 0.4 * masks[0].mean() + 0.6 * entropies[0]
    for before, after, grad in zip(*found, torch.autograd.grad(loss, (f, e)), strict=True):
        torch.testing.assert_close(after - before, -0.01 * grad.sign(), atol=1e-4, rtol=0)


def test_the_first_masks_are_drawn_as_dgl_draws_them() -> None:
    g, x = star()
    explainer = GNNExplainer(Sums(True), 1, num_epochs=0, log=False)
    torch.manual_seed(3)
    feat_mask, edge_mask = explainer.explain_graph(g, x)
    torch.manual_seed(3)
    expected = 0.1 * torch.randn(1, 4), (2 * 2 / (2 * 7)) ** 0.5 * torch.randn(5)
    torch.testing.assert_close(feat_mask, expected[0][0].sigmoid())
    torch.testing.assert_close(edge_mask, expected[1].sigmoid())


def test_more_arguments_are_those_of_the_nodes_and_edges_that_are_seen() -> None:
    g, x = star()
    seen: list[Any] = []

    class Model(Sums):
        def forward(self, *given: Any, **options: Any) -> Any:
            seen.append(options)
            names = ("graph", "feat", "eweight")
            named: dict[str, Any] = {name: options.get(name) for name in names}
            return super().forward(*given, **named)

    explainer = GNNExplainer(Model(), 1, num_epochs=1, log=False)
    options = {"node": torch.arange(7), "edge": torch.arange(5), "other": torch.ones(3), "flag": 4}
    explainer.explain_node(5, g, x, **options)
    for rest in seen:
        assert (rest["node"].tolist(), rest["edge"].tolist()) == ([5, 6], [4])
        assert (rest["other"].tolist(), rest["flag"]) == ([1, 1, 1], 4)
    assert len(seen) == 2


def test_a_node_without_edges_is_explained_by_its_features() -> None:
    g, x = star()
    _, sg, feat_mask, edge_mask = GNNExplainer(Sums(), 1, log=False).explain_node(6, g, x)
    assert (sg.num_nodes(), edge_mask.shape) == (1, (0,))
    assert in_bounds(feat_mask)


@pytest.mark.parametrize("whole", [False, True])
def test_the_model_stays_as_it_is(whole: bool) -> None:
    g, x = star()
    model = Sums(whole)
    model.train()
    model.linear.eval()
    explainer = GNNExplainer(model, 1, num_epochs=2, log=False)
    before = {name: p.clone() for name, p in model.state_dict().items()}
    explainer.explain_graph(g, x) if whole else explainer.explain_node(0, g, x)
    assert (model.training, model.linear.training) == (True, False)
    assert all(p.grad is None for p in model.parameters())
    assert all(torch.equal(p, before[name]) for name, p in model.state_dict().items())
    assert not g.ndata
    assert not g.edata


def test_the_same_seed_gives_the_same_bits() -> None:
    g, x = star()
    found = []
    for _ in range(2):
        torch.manual_seed(4)
        found.append(GNNExplainer(Sums(), 1, num_epochs=5, log=False).explain_node(0, g, x)[2:])
    for one, two in zip(*found, strict=True):
        assert_same_bits(one, two)


def test_a_bar_shows_how_far_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm", reason="needs tqdm: pip install tqdm")
    g, x = star()
    GNNExplainer(Sums(), 1, num_epochs=3).explain_node(0, g, x)
    assert "Explain node 0" in capfd.readouterr().err


@pytest.mark.program
def test_a_bar_without_tqdm_is_an_error_that_says_what_to_do() -> None:
    code = (
        "import sys; sys.modules['tqdm'] = sys.modules['tqdm.auto'] = None\n"
        "import torch, graphmp as gm\n"
        "class Model(torch.nn.Module):\n"
        "    def forward(self, graph, feat, eweight=None): return feat[:1]\n"
        "g, x = gm.graph(([0], [1])), torch.ones(2, 3)\n"
        "try: gm.nn.GNNExplainer(Model(), 1).explain_graph(g, x)\n"
        "except gm.GraphRuntimeError as error: print(error)\n"
        "print(len(gm.nn.GNNExplainer(Model(), 1, log=False).explain_graph(g, x)))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "pip install tqdm, or choose log=False" in done.stdout
    assert done.stdout.endswith("2\n")


# ---- several types


def test_masks_are_given_by_type() -> None:
    g, feat = plays()
    explainer = HeteroGNNExplainer(Typed(), 1, num_epochs=5, log=False)
    center, sg, feat_mask, edge_mask = explainer.explain_node("user", 2, g, feat)
    assert center.tolist() == [0]
    assert {t: sg.nodes[t].data[gm.NID].tolist() for t in g.ntypes} == {"game": [1], "user": [2]}
    assert {t: tuple(m.shape) for t, m in feat_mask.items()} == {"game": (3,), "user": (4,)}
    assert {t: len(m) for t, m in edge_mask.items()} == dict.fromkeys(g.canonical_etypes, 1)
    assert in_bounds(*feat_mask.values(), *edge_mask.values())
    whole = HeteroGNNExplainer(Typed(True), 1, num_epochs=5, log=False).explain_graph(g, feat)
    assert {t: len(m) for t, m in whole[1].items()} == dict.fromkeys(g.canonical_etypes, 4)


def test_one_type_by_name_is_explained_alike() -> None:
    class Named(Sums):
        def forward(self, graph: gm.Graph, feat: Any, eweight: Any = None, *rest: Any) -> Any:
            weight = None if eweight is None else eweight["_N", "_E", "_N"]
            return super().forward(graph, feat["_N"], weight, *rest)

    g, x = star()
    torch.manual_seed(0)
    expected = GNNExplainer(Sums(True), 1, num_epochs=9, log=False).explain_graph(g, x)
    torch.manual_seed(0)
    explainer = HeteroGNNExplainer(Named(True), 1, num_epochs=9, log=False)
    feats, edges = explainer.explain_graph(g, {"_N": x})
    assert_same_bits(feats["_N"], expected[0])
    assert_same_bits(edges["_N", "_E", "_N"], expected[1])


# ---- bad input

G, X = star()
H, FEAT = plays()
ONE = GNNExplainer(Sums(), 1, num_epochs=1, log=False)
TYPED = HeteroGNNExplainer(Typed(), 1, num_epochs=1, log=False)
BAD: dict[str, tuple[Any, type[gm.GraphError], str]] = {
    "node": (lambda: ONE.explain_node(7, G, X), gm.GraphIndexError, "got 7"),
    "two nodes": (lambda: ONE.explain_node([0, 1], G, X), gm.GraphValueError, "got 2"),
    "types": (lambda: ONE.explain_graph(H, X), gm.GraphValueError, "use HeteroGNNExplainer"),
    "rows": (lambda: ONE.explain_graph(G, X[:3]), gm.GraphValueError, "expected 7 rows"),
    "shape": (lambda: ONE.explain_graph(G, X[:, 0]), gm.GraphValueError, r"shape \(N, D\)"),
    "integers": (lambda: ONE.explain_graph(G, X.long()), gm.GraphTypeError, "floating point"),
    "logits": (
        lambda: GNNExplainer(Flat(), 1, log=False).explain_graph(G, X),
        gm.GraphValueError,
        r"logits: .*, got a shape of \(7,\)",
    ),
    "hops": (lambda: GNNExplainer(Sums(), -1), gm.GraphValueError, "num_hops: expected a non-neg"),
    "epochs": (lambda: GNNExplainer(Sums(), 1, num_epochs=1.5), gm.GraphTypeError, "num_epochs"),  # type: ignore[arg-type]
    "no dict": (lambda: TYPED.explain_graph(H, X), gm.GraphTypeError, "feat: expected a dict"),  # type: ignore[arg-type]
    "lacking": (
        lambda: TYPED.explain_graph(H, {"user": FEAT["user"]}),
        gm.GraphKeyError,
        "feat: expected features of node type 'game'",
    ),
    "unknown": (lambda: TYPED.explain_node("shop", 0, H, FEAT), gm.GraphKeyError, "'shop'"),
    "typed logits": (lambda: TYPED.explain_graph(H, FEAT), gm.GraphTypeError, "logits: expected"),
    "block": (
        lambda: TYPED.explain_graph(gm.create_block(([0], [0])), {}),
        gm.GraphValueError,
        "got a block",
    ),
}


@each("call, error, message", BAD)
def test_bad_input_is_an_error(call: Any, error: type[gm.GraphError], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_model_that_takes_other_arguments_is_refused_when_the_explainer_is_made() -> None:
    wanted = r"takes \(graph: .*\) .* and so lacks eweight: put it into a module"
    for explainer in (GNNExplainer, HeteroGNNExplainer):
        with pytest.raises(gm.GraphTypeError, match=wanted):
            explainer(gm.nn.GraphConv(4, 2), 1)
        with pytest.raises(gm.GraphTypeError, match="model: expected a callable, got int 3"):
            explainer(3, 1)  # type: ignore[arg-type]


def test_a_model_of_nodes_does_not_explain_a_graph_nor_the_other_way_round() -> None:
    g, x = gm.graph(([0, 1], [1, 0])), torch.ones(2, 4)
    with pytest.raises(
        gm.GraphValueError, match=r"one row for the graph, .* got a shape of \(2, 2\)"
    ):
        GNNExplainer(Sums(), 1, log=False).explain_graph(g, x)
    with pytest.raises(gm.GraphValueError, match=r"each of 2 nodes, .* got a shape of \(1, 2\)"):
        GNNExplainer(Sums(whole=True), 1, log=False).explain_node(0, g, x)
