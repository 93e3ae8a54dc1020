"""Class Graph: flat families over one state, which alone writes the attributes."""

from __future__ import annotations

import ast
import copy
import inspect
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import graphmp as gm
from graphmp._graph.state import GraphState

PACKAGE = Path(gm.__file__).parent
OWNED = set(vars(gm.rand_graph(2, 2)))


def families() -> dict[str, list[str]]:
    """The lists in the docstring of ``Graph``: a file, and the names that it defines."""
    text = inspect.getdoc(gm.Graph) or ""
    lists = re.findall(
        r"^(\w+)(?:, in compat)?: ([^.]+)\.$", text[text.index("\nstate: ") :], re.MULTILINE
    )
    return {name: re.split(r",\s+", names) for name, names in lists}


def written(path: Path) -> Iterator[str]:
    """The attributes that a file assigns to, of whatever object."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, (ast.Store, ast.Del)):
            yield node.attr


def test_the_page_of_graph_lists_every_public_name_once() -> None:
    listed = [name for names in families().values() for name in names]
    public = {name for name in dir(gm.rand_graph(2, 2)) if not name.startswith("_")}
    assert sorted(listed) == sorted(public)


def test_the_page_of_graph_names_the_file_of_each() -> None:
    for file, names in families().items():
        for name in names:
            value = getattr(gm.Graph, name, None)
            function = value.fget if isinstance(value, property) else value
            home = GraphState.__module__ if function is None else inspect.getsourcefile(function)
            assert file in str(home), name


def test_families_derive_from_the_state_flat() -> None:
    for family in gm.Graph.__bases__:
        assert len(family.__bases__) == 1
        assert len(family.__mro__) <= 5, family  # itself, at most two others, state, object
        assert "__init__" not in vars(family)


def test_the_state_documents_each_attribute() -> None:
    text = inspect.getdoc(GraphState) or ""
    assert set(re.findall(r"^    (\w+):", text, re.MULTILINE)) == OWNED


def test_only_the_state_writes_its_attributes() -> None:
    private = {name for name in OWNED if name.startswith("_")}  # other classes share the others
    for path in PACKAGE.rglob("*.py"):
        if path.name != "state.py":
            assert not set(written(path)) & private, path


@pytest.mark.parametrize("again", [copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))])
def test_copies_have_all_but_what_is_derived(again: object) -> None:
    g = gm.batch([gm.rand_graph(3, 4), gm.rand_graph(2, 3)])
    g.ndata["h"] = torch.rand(5, 2)
    g.update_all(gm.function.copy_u("h", "m"), gm.function.sum("m", "out"))
    new = again(g)  # type: ignore[operator]
    assert set(vars(new)) == OWNED
    assert g._incoming_cache
    assert not new._incoming_cache
    assert torch.equal(new.ndata["out"], g.ndata["out"])
    assert new.batch_num_nodes().tolist() == [3, 2]


def test_functions_on_graphs_keep_the_class() -> None:
    class Own(gm.Graph):
        pass

    plain = gm.rand_graph(4, 6)
    g = Own(plain._meta, plain.adjacencies, plain._num_src)
    assert {type(g.to("cpu")), type(g.int()), type(gm.reverse(g))} == {Own}
    assert {type(gm.batch([g, g])), type(g.in_subgraph([0])), type(gm.to_block(g))} == {Own}
