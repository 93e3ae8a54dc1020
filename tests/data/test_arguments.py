from __future__ import annotations

import argparse
from typing import Any

import pytest

import graphmp as gm
from graphmp.data import arguments, load_data, register_data_args


def parsed(*words: str) -> Any:
    parser = argparse.ArgumentParser()
    register_data_args(parser)
    return parser.parse_args(words)


def test_the_name_chooses_a_dataset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arguments, "CitationGraphDataset", lambda name: name)
    monkeypatch.setattr(arguments, "RedditDataset", lambda self_loop: self_loop)
    chosen: list[Any] = [
        load_data(parsed("--dataset", name)) for name in ("pubmed", "reddit", "reddit-self-loop")
    ]
    assert chosen == ["pubmed", False, True]


@pytest.mark.parametrize("words", [(), ("--dataset", "moon")])
def test_another_name_is_an_error(words: tuple[str, ...]) -> None:
    with pytest.raises(gm.GraphError, match="one of cora, citeseer, pubmed, reddit"):
        load_data(parsed(*words))
