"""Graphs of the Semantic Web: facts as edges, with relations of many types."""

from __future__ import annotations

import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch

from ..._storage.frame import ETYPE, NTYPE
from ...construct.from_edges import graph
from ...errors import GraphValueError, GraphWarning
from ...graph import Graph
from ...transforms import to_heterogeneous
from ..builtin import BuiltinDataset
from ..dataset import SingleGraphDataset
from ..downloads import get_dgl_url
from ..readers import text, turtle
from ..sources import Folder

TEXT_TYPE = "_Literal"
RENAMED = {"type": "rdftype"}  # a name that modules have themselves


class Entity(NamedTuple):
    """A node: its type, and its name within the type."""

    ntype: str
    name: str


Fact = tuple[Entity, str, Entity]


class RDFGraphDataset(BuiltinDataset, SingleGraphDataset, ABC):
    """A graph of facts ``subject relation object`` in Turtle or N-Triples.

    Node and edge types follow from the names; a subclass says how. Nodes of ``predict_category``
    have ``label`` (N,) int64, -1 where unknown; ``labels``, an alias; and ``train_mask``,
    ``test_mask`` (N,) bool. All nodes and edges have ``"_ID"``, their id in the homogeneous graph.
    The files are read as :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        print_every: ignored; for compatibility with DGL.
        insert_reverse: add the reverse of every edge, of a type of its own.
        raw_dir: the folder of the files.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print counts, and a progress bar for downloads.
        transform: a function that is applied to the graph on access.

    Raises:
        GraphValueError: a damaged or unexpected file.
        GraphRuntimeError: missing files that cannot be downloaded.
    """

    _set_name: ClassVar[str]
    _predicted: ClassVar[str]
    _subject: ClassVar[str]  # what the facts are about
    _sample_column: ClassVar[int] = 0
    _facts_names: ClassVar[tuple[str, ...]]
    _split_names: ClassVar[tuple[str, str]] = ("trainingSet.tsv", "testSet.tsv")

    def __init__(
        self,
        print_every: int = 10000,  # noqa: ARG002
        insert_reverse: bool = True,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = True,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        self._insert_reverse = insert_reverse
        super().__init__(
            self._set_name,
            get_dgl_url(f"dataset/rdf/{self._set_name}.zip"),
            raw_dir=raw_dir,
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    @property
    def predict_category(self) -> str:
        """The node type that has labels."""
        return self._predicted

    @property
    def num_classes(self) -> int:
        """Number of classes of that node type."""
        return self._num_classes

    def process(self) -> None:
        """Read the files and build the graph."""
        folder = self._folder()
        (path, *_) = (folder / n for n in self._facts_names if (folder / n).is_file())
        self._graph, places = _build(self._facts(path), self._insert_reverse)
        self._num_classes = self._label(folder, places)
        if self.verbose:
            print(f"  NumNodes: {self._graph.num_nodes()}")
            print(f"  NumEdges: {self._graph.num_edges()}")
            print(f"  NumClasses: {self.num_classes}")
            print(f"Done loading data from {folder}.")

    @abstractmethod
    def parse_entity(self, term: turtle.Term) -> Entity | None:
        """Return the node of a term; None for one that is left out.

        Args:
            term: a subject or an object.
        """

    @abstractmethod
    def parse_relation(self, name: str) -> str | None:
        """Return the edge type of a predicate; None for one that is left out.

        Args:
            name: the whole name of the predicate.
        """

    def typed(self, head: Entity, relation: str, tail: Entity, predicate: str) -> Fact:
        """Return a fact whose nodes have their types.

        Args:
            head: the subject.
            relation: the edge type.
            tail: the object.
            predicate: the whole name of the relation.
        """
        del predicate
        return head, relation, tail

    def _choices(self) -> list[list[str]]:
        return [[name, *self._split_names] for name in self._facts_names]

    def _facts(self, path: Path) -> list[Fact]:
        """What the file says about the subject, sorted, without the answers."""
        facts = []
        for triple in sorted(turtle.read(path), key=_order):
            head, tail = self.parse_entity(triple.subject), self.parse_entity(triple.object)
            relation = self.parse_relation(triple.predicate.value)
            if head is not None and tail is not None and relation is not None:
                facts.append(self.typed(head, relation, tail, triple.predicate.value))
        if not facts:
            raise GraphValueError(f"{path} says nothing about {self._subject}; download it again.")
        return facts

    def _label(self, folder: Path, places: dict[Entity, int]) -> int:
        """Write labels and masks; give the number of classes."""
        num_nodes = self._graph.num_nodes(self._predicted)
        data = self._graph.nodes[self._predicted].data
        label = torch.full((num_nodes,), -1)
        classes: dict[str, int] = {}
        for part, name in zip(("train", "test"), self._split_names, strict=True):
            mask = torch.zeros(num_nodes, dtype=torch.bool)
            for sample, group in self._samples(folder / name):
                entity = self.parse_entity(turtle.Term("iri", sample))
                place = None if entity is None else places.get(entity)
                if place is None:
                    warnings.warn(
                        f"{sample} in {folder / name} is in no fact; it is left out.",
                        GraphWarning,
                        stacklevel=2,
                    )
                    continue
                mask[place] = True
                label[place] = classes.setdefault(group, len(classes))
            if not mask.any():
                raise GraphValueError(
                    f"{folder / name}: expected nodes of the facts, got none; download all files "
                    "again."
                )
            data[f"{part}_mask"] = mask
        data["label"] = data["labels"] = label
        return len(classes)

    def _samples(self, path: Path) -> list[tuple[str, str]]:
        """The nodes of a part of the split, and their classes."""
        samples = []
        for number, line in islice(text.lines(path), 1, None):
            parts = line.split("\t")
            if len(parts) != 3:
                raise GraphValueError(
                    f"{path}, line {number}: expected a node, a number and a class, separated by "
                    f"tabs, got {line[:80]!r}."
                )
            samples.append((parts[self._sample_column].strip(), parts[2].strip()))
        return samples


class MUTAGDataset(RDFGraphDataset):
    """A graph of facts about molecules, in RDF: which of 340 are carcinogenic?

    It is one graph; the 188 molecules of graph classification are ``TUDataset("MUTAG")``.
    27,163 nodes and 148,100 edges, half of them reversed. The relation ``isMutagenic``, which gives
    the class, is left out. Nodes whose names tell no type have that of the relation to them, or
    ``"SCHEMA"``. The files are ``mutag_stripped.nt``, ``trainingSet.tsv`` and ``testSet.tsv``.

    Sources, Args and Raises: see :class:`graphmp.data.AIFBDataset`.
    """

    _set_name, _predicted = "mutag-hetero", "d"
    _subject = "http://dl-learner.org/carcinogenesis#"
    _facts_names = ("mutag_stripped.nt", "mutag_stripped.nt.gz")

    def parse_entity(self, term: turtle.Term) -> Entity | None:
        """Molecules ``d…`` and bonds ``bond…``; other names get a type in :meth:`typed`."""
        if term.kind == "text":
            return Entity(TEXT_TYPE, term.value)
        if term.kind == "blank" or not term.value.startswith(self._subject):
            return None
        name = term.value[len(self._subject) :]
        kind = re.match("(d|bond)[0-9]", name)
        return Entity(kind[1] if kind else "", name)

    def parse_relation(self, name: str) -> str | None:
        """The end of the name; None for the answer."""
        relation = _after(name, self._subject)
        return None if name == f"{self._subject}isMutagenic" else relation

    def typed(self, head: Entity, relation: str, tail: Entity, predicate: str) -> Fact:
        """Objects of relations of other vocabularies are of the schema."""
        if not predicate.startswith(self._subject):
            tail = tail._replace(ntype="SCHEMA")
            head = head._replace(ntype=head.ntype or "SCHEMA")
        tail = tail._replace(ntype=tail.ntype or relation)
        if not head.ntype:
            raise GraphValueError(f"{head.name} is of no type; download all files again.")
        return head, relation, tail


class BGSDataset(RDFGraphDataset):
    """BGS, the rocks of Britain: which of 146 are of which of 2 origins?

    94,806 nodes and 672,884 edges, half of them reversed. The relation ``hasLithogenesis``, which
    gives the class, is left out, and so are texts. The files are ``bgs_stripped.nt``,
    ``trainingSet.tsv`` and ``testSet.tsv``.

    Sources, Args and Raises: see :class:`graphmp.data.AIFBDataset`.
    """

    _set_name, _predicted, _sample_column = "bgs-hetero", "Lexicon/NamedRockUnit", 1
    _subject = "http://data.bgs.ac.uk/"
    _facts_names = ("bgs_stripped.nt", "bgs_stripped.nt.gz")

    def parse_entity(self, term: turtle.Term) -> Entity | None:
        """The last three parts of the name: two for the type."""
        parts = term.value.split("/")
        is_status = term.value.startswith(f"{self._subject}ref/CurrentStatus")
        fits = term.kind == "iri" and term.value.startswith(self._subject) and len(parts) == 7
        return Entity(f"{parts[4]}/{parts[5]}", parts[6]) if fits and not is_status else None

    def parse_relation(self, name: str) -> str | None:
        """The last two parts of the name; None for the answer."""
        if name == f"{self._subject}ref/Lexicon/hasLithogenesis":
            return None
        parts = name.split("/")
        if not name.startswith(f"{self._subject}ref"):
            return name.replace(".", "_")
        return f"{parts[4]}/{parts[5]}" if len(parts) == 6 else None


class AMDataset(RDFGraphDataset):
    """AM, the Amsterdam Museum: of which of 11 categories are 1,000 artifacts?

    881,680 nodes and 5,668,682 edges, half of them reversed. The relations ``objectCategory`` and
    ``material``, which give the class, are left out, and so are texts. The files are
    ``am_stripped.nt``, ``trainingSet.tsv`` and ``testSet.tsv``.

    Sources, Args and Raises: see :class:`graphmp.data.AIFBDataset`.
    """

    _set_name, _predicted = "am-hetero", "proxy"
    _subject = "http://purl.org/collections/nl/am/"
    _facts_names = ("am_stripped.nt", "am_stripped.nt.gz")

    def parse_entity(self, term: turtle.Term) -> Entity | None:
        """The two halves of the end of the name: type and name."""
        if term.kind == "blank":
            return Entity("_BNode", term.value)
        if term.kind == "text" or not term.value.startswith(self._subject):
            return None
        name = term.value[len(self._subject) :]
        ntype, dash, rest = name.partition("-")
        return Entity(ntype, rest) if dash and "-" not in rest else Entity("TYPE", name)

    def parse_relation(self, name: str) -> str | None:
        """The end of the name; None for the answers."""
        if name.startswith(self._subject):
            relation = name[len(self._subject) :]
            return None if relation in ("objectCategory", "material") else relation
        return name.replace(".", "_")


def _after(name: str, prefix: str) -> str:
    """What follows a prefix; the last part of a name without it."""
    return name[len(prefix) :] if name.startswith(prefix) else name.rsplit("/", 1)[-1]


def _order(triple: turtle.Triple) -> tuple[Any, ...]:
    """By names, objects that are texts last: so DGL numbers nodes and edges."""
    subject, predicate, end = triple
    return subject.kind, subject.value, predicate.value, end.kind, end.value


def _build(facts: list[Fact], insert_reverse: bool) -> tuple[Graph, dict[Entity, int]]:
    """The graph, and the place of each entity within its type."""
    entities: dict[Entity, int] = {}
    ntypes: dict[str, int] = {}
    relations: dict[str, int] = {}
    rows = np.empty((len(facts), 3), np.int64)
    for row, (head, relation, tail) in zip(rows, facts, strict=True):
        for end in (head, tail):
            ntypes.setdefault(end.ntype, len(ntypes))
        row[1] = relations.setdefault(relation, len(relations))
        row[0] = entities.setdefault(head, len(entities))
        row[2] = entities.setdefault(tail, len(entities))
    src, etype, dst = torch.from_numpy(rows).unbind(1)
    etypes = [RENAMED.get(name, name) for name in relations]
    if insert_reverse:
        src, dst = torch.cat([src, dst]), torch.cat([dst, src])
        etype = torch.cat([etype, etype + len(relations)])
        etypes += [f"rev-{name}" for name in etypes]
    g = graph((src, dst), num_nodes=len(entities))
    g.ndata[NTYPE] = torch.tensor([ntypes[entity.ntype] for entity in entities])
    g.edata[ETYPE] = etype
    places: dict[Entity, int] = {}
    counts = dict.fromkeys(ntypes, 0)
    for entity in entities:
        places[entity] = counts[entity.ntype]
        counts[entity.ntype] += 1
    return to_heterogeneous(g, list(ntypes), etypes), places
