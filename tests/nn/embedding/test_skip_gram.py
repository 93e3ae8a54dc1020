from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.chances import DRAWS, assert_drawn
from support.laws import assert_close, assert_same_bits, assert_same_with_gradients
from support.unchanged import each
from torch import Tensor
from torch.func import functional_call

import graphmp as gm
from graphmp.nn import DeepWalk, MetaPath2Vec
from graphmp.nn.embedding.skip_gram import draw_samples, windows

PATH = gm.graph(([0, 1, 2, 3], [1, 2, 3, 0]))
WALKS = torch.tensor([[0, 1, 2, 3], [3, 0, -1, -1], [2, -1, -1, -1], [1, 2, 3, 0]])


def authors(idtype: torch.dtype = torch.int64) -> gm.Graph:
    """Five authors, of whom the last wrote nothing, and three papers."""
    ends = (
        torch.tensor([0, 1, 1, 2, 3], dtype=idtype),
        torch.tensor([0, 0, 1, 2, 2], dtype=idtype),
    )
    data = {("author", "wrote", "paper"): ends, ("paper", "by", "author"): ends[::-1]}
    return gm.heterograph(data, {"author": 5, "paper": 3}, idtype=idtype)


def path2vec(g: gm.Graph, **options: Any) -> MetaPath2Vec:
    return MetaPath2Vec(g, ["wrote", "by", "wrote"], 2, emb_dim=6, **options)


MODELS: dict[str, Callable[..., Any]] = {
    "DeepWalk": lambda **o: DeepWalk(PATH, 6, 4, 2, **o),
    "MetaPath2Vec": lambda **o: path2vec(authors(), **o),
}


def near(walks: Tensor, window: int) -> list[tuple[int, int]]:
    """The pairs of a window, walk by walk."""
    found = []
    for walk in walks.tolist():
        for i, u in enumerate(walk):
            for j, v in enumerate(walk):
                if i != j and abs(i - j) <= window and min(u, v) >= 0:
                    found.append((u, v))
    return found


def test_windows_go_to_both_sides_and_not_beyond_a_walks_end() -> None:
    for window in (0, 1, 2, 9):
        u, v = windows(WALKS, window)
        assert list(zip(u.tolist(), v.tolist(), strict=True)) == near(WALKS, window)


def test_numbers_are_drawn_in_proportion() -> None:
    torch.manual_seed(0)
    assert_drawn(
        draw_samples(torch.tensor([0.0, 1.0, 3.0, 0.0, 4.0, 0.0]), DRAWS), [0, 1, 3, 0, 4, 0]
    )
    assert draw_samples(torch.empty(0), 0).shape == (0,)


# ---- the loss


def by_hand(
    node: Tensor,
    context: Tensor,
    pairs: list[tuple[int, int]],
    negative: Tensor,
    w: float,
    c: float,
) -> Tensor:
    """The loss of pairs one by one."""
    total = torch.zeros((), dtype=node.dtype)
    for (u, v), others in zip(pairs, negative.tolist(), strict=True):
        total = total - torch.sigmoid((node[u] @ context[v]).clamp(-c, c)).log()
        for n in others:
            total = total - w * torch.sigmoid(-(node[u] @ context[n]).clamp(-c, c)).log()
    return total / len(pairs)


def test_the_loss_of_pairs_follows_the_formula() -> None:
    model = path2vec(authors(), sparse=False).double()
    torch.manual_seed(1)
    pos_u, pos_v, neg_v = model.sample([0, 3, 1])
    pairs = list(zip(pos_u.tolist(), pos_v.tolist(), strict=True))
    node, context = 3 * torch.randn(2, 8, 6).double()  # some products are clamped

    def layer(x: Tensor, y: Tensor) -> Tensor:
        parameters = {"node_embed.weight": x, "context_embed.weight": y}
        out: Tensor = functional_call(model, parameters, (pos_u, pos_v, neg_v))
        return out

    assert_same_with_gradients(
        layer, lambda x, y: by_hand(x, y, pairs, neg_v, 1, 10), node, context
    )


def test_the_loss_of_walks_follows_the_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    model = DeepWalk(PATH, 6, 4, 2, neg_weight=0.7, negative_size=3, sparse=False).double()
    pairs = near(WALKS, 2)
    samples = draw_samples(torch.ones(int((WALKS >= 0).sum())), 3 * len(pairs))
    monkeypatch.setattr(
        "graphmp.nn.embedding.deep_walk.draw_samples", lambda weights, count: samples[:count]
    )
    negative = WALKS[WALKS >= 0][samples].view(-1, 3)
    node, context = 2 * torch.randn(2, 4, 6).double()

    def layer(x: Tensor, y: Tensor) -> Tensor:
        parameters = {"node_embed.weight": x, "context_embed.weight": y}
        out: Tensor = functional_call(model, parameters, (WALKS,))
        return out

    assert_same_with_gradients(
        layer, lambda x, y: by_hand(x, y, pairs, negative, 0.7, 6), node, context
    )


def test_negative_samples_come_from_the_walks_or_from_degrees(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    g = gm.graph(([0, 0, 0, 1, 2], [1, 2, 3, 0, 0]))
    seen: list[Tensor] = []
    monkeypatch.setattr(DeepWalk, "loss", lambda self, u, v, neg, *a, **k: seen.append(neg))
    torch.manual_seed(0)
    for fast in (True, False):
        DeepWalk(g, 2, 2, 1, fast_neg=fast, negative_size=5000)(torch.tensor([[1, 0]]))
    assert_drawn(seen[0].flatten(), [1, 1])
    assert_drawn(seen[1].flatten(), [3**0.75, 1, 1, 0][: int(seen[1].max()) + 1])


def test_negative_samples_of_a_path_follow_how_often_walks_meet_nodes() -> None:
    ends = ([0, 1, 2, 3], [0, 0, 0, 1])  # each author wrote one paper, so walks have no choice
    g = gm.heterograph({("author", "wrote", "paper"): ends}, {"author": 5, "paper": 3})
    model = MetaPath2Vec(g, ["wrote"], 1, emb_dim=6)
    met = torch.tensor([1.0, 1, 1, 1, 1, 3, 1, 0]) ** 0.75
    assert_close(model.neg_prob, met / met.sum())


@pytest.mark.parametrize("sparse", [True, False])
@each("make", MODELS)
def test_gradients_are_sparse_when_asked_for(make: Callable[..., Any], sparse: bool) -> None:
    model = make(sparse=sparse)
    batch = model.sample([0, 1])
    (model(*batch) if isinstance(batch, tuple) else model(batch)).backward()
    assert {p.grad.is_sparse for p in model.parameters()} == {sparse}


def test_no_pairs_cost_nothing() -> None:
    model = DeepWalk(gm.graph(([], []), num_nodes=3), 6, 4, 2, fast_neg=False)
    loss = model(model.sample([0, 2]))
    assert float(loss.detach()) == 0
    loss.backward()
    none = torch.empty(0, dtype=torch.int64)
    assert float(path2vec(authors())(none, none, none.view(0, 5)).detach()) == 0


# ---- sampling


def test_walks_have_so_many_nodes() -> None:
    model = DeepWalk(PATH, 6, 4, 2)
    assert model.sample([1, 3]).tolist() == [[1, 2, 3, 0], [3, 0, 1, 2]]


@each("make", MODELS)
def test_the_same_seed_gives_the_same_bits(make: Callable[..., Any]) -> None:
    def run() -> tuple[Tensor, Tensor]:
        torch.manual_seed(5)
        model = make()
        loader: Any = torch.utils.data.DataLoader(
            torch.arange(4),  # type: ignore[arg-type]
            batch_size=3,
            shuffle=True,
            collate_fn=model.sample,
        )
        optimizer: Any = torch.optim.SparseAdam(list(model.parameters()), lr=0.1)
        for batch in loader:
            optimizer.zero_grad()
            loss = model(*batch) if isinstance(batch, tuple) else model(batch)
            loss.backward()
            optimizer.step()
        return loss.detach(), model.node_embed.weight.detach()

    for one, two in zip(run(), run(), strict=True):
        assert_same_bits(one, two)


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64], ids=str)
def test_pairs_of_a_path_are_rows_of_all_types(idtype: torch.dtype) -> None:
    model = path2vec(authors(idtype), negative_size=3)
    assert model.local_to_global_nid == {"author": [0, 1, 2, 3, 4], "paper": [5, 6, 7]}
    pos_u, pos_v, neg_v = model.sample(torch.tensor([0, 4], dtype=idtype))
    assert pos_u.shape == pos_v.shape
    assert neg_v.shape == (len(pos_u), 3)
    first = list(zip(pos_u.tolist(), pos_v.tolist(), strict=True))
    assert first[0] == (0, 5)  # of author 0 the paper; author 4 has no pair
    assert not {4} & set(pos_u.tolist())
    assert {t.dtype for t in (pos_u, pos_v, neg_v)} == {torch.int64}


def test_embeddings_bring_neighbours_together() -> None:
    torch.manual_seed(0)
    u, v = torch.combinations(torch.arange(6)).T
    g = gm.to_bidirected(gm.graph((torch.cat([u, u + 6]), torch.cat([v, v + 6]))))
    model = DeepWalk(g, 8, 8, 2)
    optimizer: Any = torch.optim.SparseAdam(list(model.parameters()), lr=0.1)
    for _ in range(40):
        optimizer.zero_grad()
        model(model.sample(torch.arange(12))).backward()
        optimizer.step()
    h = torch.nn.functional.normalize(model.node_embed.weight.detach())
    alike = h @ h.T
    assert float(alike[:6, :6].mean()) > float(alike[:6, 6:].mean()) + 0.5


# ---- states and bad input


@each("make", MODELS)
def test_parameters_have_dgls_names(make: Callable[..., Any]) -> None:
    model = make()
    state = {name: tuple(p.shape) for name, p in model.state_dict().items()}
    rows = model.node_embed.num_embeddings
    assert state == {"node_embed.weight": (rows, 6), "context_embed.weight": (rows, 6)}
    assert float(model.node_embed.weight.detach().abs().max()) <= 1 / 6
    assert_close(model.context_embed.weight, torch.zeros(rows, 6))


BAD: dict[str, tuple[Callable[[], Any], type[gm.GraphError], str]] = {
    "short walks": (
        lambda: DeepWalk(PATH, 6, 2, 2),
        gm.GraphValueError,
        "walk_length: expected more than window_size",
    ),
    "several types": (lambda: DeepWalk(authors()), gm.GraphValueError, "use MetaPath2Vec"),
    "no int": (lambda: DeepWalk(PATH, 6.0), gm.GraphTypeError, "emb_dim: expected an int"),  # type: ignore[arg-type]
    "length": (
        lambda: DeepWalk(PATH, 6, 4, 2)(WALKS[:, :3]),
        gm.GraphValueError,
        r"\(n, 4\), got a shape of \(4, 3\)",
    ),
    "floats": (lambda: DeepWalk(PATH, 6, 4, 2)(WALKS.float()), gm.GraphTypeError, "int32 or int64"),
    "node": (lambda: DeepWalk(PATH, 6, 4, 2)(WALKS + 1), gm.GraphIndexError, "got 4"),
    "start": (lambda: DeepWalk(PATH, 6, 4, 2).sample([4]), gm.GraphIndexError, "got 4"),
    "path": (
        lambda: MetaPath2Vec(authors(), ["wrote", "wrote"], 1),
        gm.GraphValueError,
        "each step of metapath to start",
    ),
    "unknown type": (lambda: MetaPath2Vec(authors(), ["sold"], 1), gm.GraphKeyError, "sold"),
    "window": (lambda: MetaPath2Vec(authors(), ["wrote"], 3), gm.GraphValueError, "window_size"),
    "row": (
        lambda: path2vec(authors())(torch.tensor([8]), torch.tensor([0]), torch.tensor([[0]])),
        gm.GraphIndexError,
        "pos_u: expected ids from 0 to 7, got 8",
    ),
    "negative row": (
        lambda: path2vec(authors())(torch.tensor([0]), torch.tensor([-1]), torch.tensor([[0]])),
        gm.GraphIndexError,
        "pos_v: expected ids from 0 to 7, got -1",
    ),
    "shapes": (
        lambda: path2vec(authors())(torch.tensor([0]), torch.tensor([0, 1]), torch.tensor([[0]])),
        gm.GraphValueError,
        "pos_u, pos_v, neg_v: expected shapes",
    ),
}


@each("call, error, message", BAD)
def test_bad_input_is_an_error(
    call: Callable[[], Any], error: type[gm.GraphError], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()


def test_embeddings_that_memory_cannot_hold_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="emb_dim: expected a number that memory can hold"):
        DeepWalk(gm.graph(([0], [1])), emb_dim=10**12)
