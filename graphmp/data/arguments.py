"""Choose a dataset on the command line, as DGL's older examples do."""

from __future__ import annotations

import argparse
from typing import Any

from ..errors import GraphValueError
from .dataset import GraphDataset
from .nodes.citation import NAMES, CitationGraphDataset
from .nodes.reddit import RedditDataset


def register_data_args(parser: argparse.ArgumentParser) -> None:
    """Add the argument ``--dataset`` to a parser.

    Args:
        parser: the parser.

    Example:
        >>> import graphmp as gm
        >>> import argparse
        >>> parser = argparse.ArgumentParser()
        >>> gm.data.register_data_args(parser)
        >>> parser.parse_args(["--dataset", "cora"]).dataset
        'cora'
    """
    names = ", ".join(NAMES)
    parser.add_argument("--dataset", help=f"{names}, reddit or reddit-self-loop", required=False)


def load_data(args: Any) -> GraphDataset:
    """Return the dataset that ``args.dataset`` names.

    Args:
        args: parsed arguments; see :func:`register_data_args`.

    Raises:
        GraphValueError: an unknown name.
    """
    name = args.dataset
    if name in NAMES:
        return CitationGraphDataset(name)
    if name is not None and name.startswith("reddit"):
        return RedditDataset(self_loop="self-loop" in name)
    raise GraphValueError(
        f"Expected dataset to be one of {', '.join(NAMES)}, reddit, reddit-self-loop, got {name!r}."
    )
