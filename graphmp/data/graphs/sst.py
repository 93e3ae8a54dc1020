"""Trees of sentences: the Stanford Sentiment Treebank."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ... import random as _random
from ...construct.from_edges import graph
from ...errors import GraphRuntimeError, GraphValueError
from ...graph import Graph
from ..builtin import BuiltinDataset
from ..downloads import get_dgl_url
from ..many import GraphsDataset
from ..readers import text
from ..readers.numbers import integer, real
from ..sources import Folder

_TOKEN = re.compile(r"[()]|[^\s()]+")


class SSTDataset(BuiltinDataset, GraphsDataset):
    """Trees of sentences about films: is each phrase negative or positive?

    From R. Socher and others, "Recursive Deep Models for Semantic Compositionality Over a Sentiment
    Treebank", EMNLP 2013. Edges go from a phrase to the one that it is part of; node 0 is the
    sentence. Nodes have ``x`` (n,) int64, the word's number, -1 for phrases and unknown words;
    ``y`` (n,) int64, 0 for very negative to 4 for very positive; and ``mask`` (n,) int64, 1 for
    words. The files ``vocab.txt`` and ``train.txt``, ``dev.txt``, ``test.txt`` or ``tiny.txt`` are
    read as :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        mode: ``"train"``, ``"dev"``, ``"test"`` or ``"tiny"``.
        glove_embed_file: a file of GloVe vectors of 300 numbers, for ``"train"``.
        vocab_file: the words, one a line; by default ``vocab.txt``.
        raw_dir: the folder of the files.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to each graph on access.

    Attributes:
        vocab: the number of each word.
        pretrained_emb: (V, 300) vectors of the words, random for words that the file lacks; None
            without a file.

    Raises:
        GraphValueError: another mode, or a damaged or unexpected file.
        GraphRuntimeError: missing files that cannot be downloaded.
    """

    PAD_WORD = UNK_WORD = -1

    def __init__(
        self,
        mode: str = "train",
        glove_embed_file: Folder | None = None,
        vocab_file: Folder | None = None,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = False,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        if mode not in ("train", "dev", "test", "tiny"):
            raise GraphValueError(f"Expected mode to be train, dev, test or tiny, got {mode!r}.")
        self.mode = mode
        self._glove_file = glove_embed_file if mode == "train" else None
        self._vocab_file = vocab_file
        self._files = (f"{mode}.txt",) if vocab_file else (f"{mode}.txt", "vocab.txt")
        super().__init__(
            "sst",
            get_dgl_url("dataset/sst.zip"),
            raw_dir=raw_dir,
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    def process(self) -> None:
        """Read the files and build the trees."""
        folder = self._folder()
        vocab = folder / "vocab.txt" if self._vocab_file is None else Path(self._vocab_file)
        words = [line.strip() for _, line in text.lines(vocab)]
        self.vocab = {word: number for number, word in enumerate(dict.fromkeys(words))}
        self.pretrained_emb = None if self._glove_file is None else self._vectors(self._glove_file)
        self._graphs = list(self._trees(folder / f"{self.mode}.txt"))

    @property
    def vocab_size(self) -> int:
        """Number of words."""
        return len(self.vocab)

    @property
    def num_classes(self) -> int:
        """5, from very negative to very positive."""
        return 5

    def _trees(self, path: Path) -> list[Graph]:
        """The trees of a file; one may have several lines."""
        trees: list[Graph] = []
        nodes: list[list[int]] = []  # parent, word, label, whether it is a word
        parents: list[int] = []
        for number, line in text.lines(path):
            tokens = _TOKEN.findall(line)
            for before, token in zip(["", *tokens], tokens, strict=False):
                try:
                    self._read(token, before, nodes, parents)
                except GraphValueError as error:
                    raise GraphValueError(
                        f"{path}, line {number}: {error}. Download it again."
                    ) from error
                if nodes and not parents:
                    trees.append(_tree(nodes))
                    nodes = []
        if parents or not trees:
            raise GraphValueError(f"{path}: expected trees in brackets, got no end of one.")
        return trees

    def _read(self, token: str, before: str, nodes: list[list[int]], parents: list[int]) -> None:
        """Read one token: brackets, the label after the opening one, or a word."""
        if token == "(":
            nodes.append([parents[-1] if parents else -1, self.PAD_WORD, -1, 0])
            parents.append(len(nodes) - 1)
        elif not parents:
            raise GraphValueError(f"expected an opening bracket, got {token[:40]!r}")
        elif before == "(":
            nodes[parents[-1]][2] = integer(token)
        elif token == ")":
            parents.pop()
        else:
            nodes[parents[-1]][1:] = [
                self.vocab.get(token.lower(), self.UNK_WORD),
                nodes[parents[-1]][2],
                1,
            ]

    def _vectors(self, file: Folder) -> Tensor:
        """The vectors of the words."""
        path = Path(file).expanduser()
        if not path.is_file():
            raise GraphRuntimeError(f"Expected a file of GloVe vectors, got {path}.")
        rng = np.random.RandomState(_random.key() % 2**32)
        vectors = rng.uniform(-0.05, 0.05, (len(self.vocab), 300))
        for number, line in text.lines(path):
            word, *values = line.split(" ")
            place = self.vocab.get(word.lower())
            if place is None:
                continue
            try:
                vectors[place] = [real(value) for value in values]
            except ValueError as error:
                raise GraphValueError(f"{path}, line {number}: {error}.") from error
        return torch.from_numpy(vectors)


def _tree(nodes: list[list[int]]) -> Graph:
    parents, words, labels, is_word = torch.tensor(nodes).unbind(1)
    g = graph((torch.arange(1, len(nodes)), parents[1:]), num_nodes=len(nodes))
    for name, column in (("x", words), ("y", labels), ("mask", is_word)):
        g.ndata[name] = column.contiguous()
    return g


SST = SSTDataset
