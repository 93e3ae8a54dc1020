"""Knowledge graphs: facts (head, relation, tail), for link prediction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ...construct.from_edges import graph
from ...errors import GraphValueError
from ...graph import Graph
from ..builtin import BuiltinDataset
from ..dataset import SingleGraphDataset
from ..downloads import get_dgl_url
from ..readers import text
from ..sources import Folder

Facts: TypeAlias = "list[tuple[str, str, str]]"

PARTS = ("train", "valid", "test")


class KnowledgeGraphDataset(BuiltinDataset, SingleGraphDataset):
    """A knowledge graph.

    Each fact is an edge from its head to its tail. The facts of a relation follow each other, the
    relations in the order in which the files name them first; within a relation come facts for
    training, validation and testing, in the order of the files. With ``reverse``, the reversed
    edges follow, with the relations ``num_rels`` to ``2 · num_rels - 1``. The graph has

    - ``edata["etype"]`` (E,) int64, the relation;
    - ``edata["train_edge_mask"]``, ``["valid_edge_mask"]``, ``["test_edge_mask"]`` (E,) bool,
      without reversed edges;
    - ``edata["train_mask"]``, ``["val_mask"]``, ``["test_mask"]`` (E,) bool, with reversed
      edges;
    - ``ndata["ntype"]`` (N,) int64, zeros.

    The files ``train.txt``, ``valid.txt`` and ``test.txt`` have a line ``head<tab>relation<tab>
    tail`` for each fact, and may be packed with gzip. They are read, or downloaded, as
    :class:`graphmp.data.DGLBuiltinDataset` says. Names have the numbers of ``entities.dict`` and
    ``relations.dict``, lines ``number<tab>name``, if these files exist; else their place in sorted
    order.

    Args:
        name: ``"FB15k-237"``, ``"FB15k"`` or ``"wn18"``.
        reverse: add reversed edges.
        raw_dir: the folder of the files.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print counts, and a progress bar for downloads.
        transform: a function that is applied to the graph on access.

    Attributes:
        num_nodes: number of entities.
        num_rels: number of relations, without those of reversed edges.
        entities: names, by number.
        relations: names, by number.

    Raises:
        GraphValueError: a damaged or inconsistent file.
        GraphRuntimeError: missing files that cannot be downloaded.
    """

    def __init__(
        self,
        name: str,
        reverse: bool = True,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = True,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        self.reverse = reverse
        super().__init__(
            name,
            get_dgl_url(f"dataset/{name}.tgz"),
            raw_dir=raw_dir,
            hash_key=(reverse,),
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    def _choices(self) -> list[list[str]]:
        return [[f"{part}.txt{packed}" for part in PARTS] for packed in (".gz", "")]

    def _places(self) -> list[str]:
        return [*super()._places(), self.name.lower().replace("-", "")]

    def process(self) -> None:
        """Read the files and build the graph."""
        folder = self._folder()
        facts = {part: _read_facts(folder, part) for part in PARTS}
        every = [fact for part in facts.values() for fact in part]
        self.entities = _names(
            folder / "entities.dict", (end for h, _, t in every for end in (h, t))
        )
        self.relations = _names(folder / "relations.dict", (relation for _, relation, _ in every))
        self.num_nodes, self.num_rels = len(self.entities), len(self.relations)
        self._graph = self._build(self._numbered(every), [len(part) for part in facts.values()])
        if self.verbose:
            print(f"# entities: {self.num_nodes}")
            print(f"# relations: {self.num_rels}")
            for word, part in zip(("training", "validation", "testing"), PARTS, strict=True):
                print(f"# {word} edges: {len(facts[part])}")
            print(f"Done loading data from {folder}.")

    def _numbered(self, facts: Facts) -> Tensor:
        """Facts as a tensor (3, F) of heads, relations and tails."""
        entity = {name: number for number, name in enumerate(self.entities)}
        relation = {name: number for number, name in enumerate(self.relations)}
        try:
            rows = [(entity[h], relation[r], entity[t]) for h, r, t in facts]
        except KeyError as error:
            raise GraphValueError(
                "entities.dict and relations.dict do not fit the facts, which name "
                f"{str(error)[:80]}. Download all files again, or remove these two."
            ) from error
        return torch.tensor(rows, dtype=torch.int64).view(-1, 3).T.contiguous()

    def _build(self, facts: Tensor, sizes: list[int]) -> Graph:
        order = _by_relation(facts[1])
        heads, relations, tails = facts[:, order]
        part = torch.arange(len(PARTS)).repeat_interleave(torch.tensor(sizes))[order]
        is_fact = torch.ones(len(part), dtype=torch.bool)
        if self.reverse:
            heads, tails = torch.cat([heads, tails]), torch.cat([tails, heads])
            relations = torch.cat([relations, relations + self.num_rels])
            part, is_fact = torch.cat([part, part]), torch.cat([is_fact, ~is_fact])
        g = graph((heads, tails), num_nodes=self.num_nodes)
        g.edata["etype"] = relations
        for number, name in enumerate(PARTS):
            g.edata[f"{name}_edge_mask"] = is_fact & (part == number)
        for number, name in enumerate(("train", "val", "test")):
            g.edata[f"{name}_mask"] = part == number
        g.ndata["ntype"] = torch.zeros(self.num_nodes, dtype=torch.int64)
        return g


class FB15k237Dataset(KnowledgeGraphDataset):
    """FB15k-237: facts of Freebase, without relations that mirror others.

    14,541 entities, 237 relations; 272,115 facts for training, 17,535 for validation, 20,466 for
    testing. From K. Toutanova and D. Chen, "Observed versus Latent Features for Knowledge Base and
    Text Inference", CVSC 2015. Args and Raises: see
    :class:`graphmp.data.links.knowledge_graph.KnowledgeGraphDataset`, without the name.
    """

    def __init__(
        self, reverse: bool = True, raw_dir: Folder | None = None, **settings: Any
    ) -> None:
        super().__init__("FB15k-237", reverse, raw_dir, **settings)


class FB15kDataset(KnowledgeGraphDataset):
    """FB15k: facts of Freebase.

    14,951 entities, 1,345 relations; 483,142 facts for training, 50,000 for validation, 59,071 for
    testing. From A. Bordes and others, "Translating Embeddings for Modeling Multi-relational Data",
    NeurIPS 2013. Args and Raises: see
    :class:`graphmp.data.links.knowledge_graph.KnowledgeGraphDataset`, without the name.
    """

    def __init__(
        self, reverse: bool = True, raw_dir: Folder | None = None, **settings: Any
    ) -> None:
        super().__init__("FB15k", reverse, raw_dir, **settings)


class WN18Dataset(KnowledgeGraphDataset):
    """WN18: relations between the senses of English words.

    40,943 entities, 18 relations; 141,442 facts for training, 5,000 for validation, 5,000 for
    testing. Source as for :class:`FB15kDataset`. Args and Raises: see
    :class:`graphmp.data.links.knowledge_graph.KnowledgeGraphDataset`, without the name.
    """

    def __init__(
        self, reverse: bool = True, raw_dir: Folder | None = None, **settings: Any
    ) -> None:
        super().__init__("wn18", reverse, raw_dir, **settings)


def _by_relation(relations: Tensor) -> Tensor:
    """The order that groups facts by relation, the relation of the first fact first."""
    _, first, place = np.unique(relations.numpy(), return_index=True, return_inverse=True)
    return torch.from_numpy(first[place]).argsort(stable=True)


def _read_facts(folder: Path, part: str) -> Facts:
    path = folder / f"{part}.txt"
    packed = folder / f"{part}.txt.gz"
    path = packed if packed.is_file() else path
    facts = [_fact(path, number, line) for number, line in text.lines(path)]
    if not facts:
        raise GraphValueError(f"{path}: expected facts, got none. Download it again.")
    return facts


def _fact(path: Path, number: int, line: str) -> tuple[str, str, str]:
    match line.split("\t"):
        case [head, relation, tail] if head and relation and tail:
            return head, relation, tail
    raise GraphValueError(
        f"{path}, line {number}: expected a head, a relation and a tail, separated by tabs, got "
        f"{line[:80]!r}. Download the file again."
    )


def _names(path: Path, used: Iterable[str]) -> list[str]:
    """Names by number: as a file says, else sorted."""
    if not path.is_file():
        return sorted(set(used))
    rows = [(number, line.split("\t")) for number, line in text.lines(path)]
    names: dict[str, None] = {}
    for number, row in rows:
        if len(row) != 2 or row[0] != str(len(names)) or row[1] in names:
            raise GraphValueError(
                f"{path}, line {number}: expected the number {len(names)}, a tab and a new name, "
                f"got {' '.join(row)[:80]!r}. Download it again, or remove it."
            )
        names[row[1]] = None
    return list(names)
