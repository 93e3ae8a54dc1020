"""AIFB: people, publications and projects of a research institute, with relations of many types."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ..._storage.frame import ETYPE, NTYPE
from ...construct.from_edges import graph
from ...errors import GraphValueError
from ...graph import Graph
from ...transforms import to_heterogeneous
from ..dataset import SingleGraphDataset
from ..downloads import fetch_files
from ..readers import text, turtle
from ..sources import Folder, cache_folder, find_folder

BASE_URL = "https://github.com/IBCNServices/MINDWALC/raw/214c8cc/mindwalc/data/AIFB/"
CHECKSUMS = {
    "aifb.n3": "9964193b395e19e7ee72a57f02c594677282a575cb7d836c324a38558f9a4db1",
    "AIFB_train.tsv": "4960629668c6548215871321e4b6daaee24191f38f41ccfbc4de62016d18c5a7",
    "AIFB_test.tsv": "abe4a9e7c393164996d1fe7250d72ec1f1a7b350583f2dff5d880f60ec04b3b6",
}
INSTITUTE = "http://www.aifb.uni-karlsruhe.de/"
ONTOLOGY = "http://swrc.ontoware.org/"
PREDICTED = "Personen"
# Relations that contain the label: a person's group.
ANSWERS = frozenset({"ontology#affiliation", "ontology#employs"})
TEXT_TYPE = "_Literal"
RENAMED = {"type": "rdftype"}  # a name that modules have themselves

Ints = NDArray[np.int64]


class Entity(NamedTuple):
    """A node: its type, and its name within the type."""

    ntype: str
    name: str


class AIFBDataset(SingleGraphDataset):
    """AIFB, a graph of the Semantic Web: to which of 4 research groups does a person belong?

    The files ``aifb.n3``, ``AIFB_train.tsv`` and ``AIFB_test.tsv`` are read from ``raw_dir``, else
    from the folder that the environment variable ``GRAPHMP_DATA`` names (the files in the folder
    itself or in ``aifb/`` within), else they are downloaded into ``raw_dir/aifb``, or into the
    system's cache folder without a ``raw_dir``, and checked against their sha256 sums.

    The graph has 7262 nodes of 7 types and 48810 edges of 104 canonical types; half of the edges
    are reversed ones. Node types are the folders of the names, such as ``"Personen"``, and
    ``"_Literal"`` for texts. Edge types are the relations; ``rev-`` begins the name of a reversed
    one. The relations ``affiliation`` and ``employs``, which contain the label, are excluded, and
    so are facts outside of the institute. As in DGL, nodes of one type with the same number are
    one node, even an external author and a publication.

    Nodes of ``predict_category`` have ``label`` (N,) int64, -1 where unknown; ``labels``, an alias;
    and ``train_mask``, ``test_mask`` (N,) bool, of 140 and 36 nodes. All nodes and edges have
    ``"_ID"``, their id in the homogeneous graph.

    Data: S. Bloehdorn and Y. Sure, "Kernel Methods for Mining Instance Data in Ontologies", ISWC
    2007; split: P. Ristoski et al., "A Collection of Benchmark Datasets for Systematic Evaluations
    of Machine Learning on the Semantic Web", ISWC 2016.

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
            "aifb-hetero",
            url=BASE_URL,
            raw_dir=raw_dir,
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    @property
    def predict_category(self) -> str:
        """The node type that has labels."""
        return PREDICTED

    @property
    def num_classes(self) -> int:
        """Number of classes of that node type."""
        return self._num_classes

    def process(self) -> None:
        """Read the files and build the graph."""
        folder = self._find_or_fetch()
        self._graph, places = _build(_facts(folder / "aifb.n3"), self._insert_reverse)
        self._num_classes = _label(self._graph, folder, places)
        if self.verbose:
            print(f"  NumNodes: {self._graph.num_nodes()}")
            print(f"  NumEdges: {self._graph.num_edges()}")
            print(f"  NumClasses: {self.num_classes}")
            print(f"Done loading data from {folder}.")

    def _find_or_fetch(self) -> Path:
        folder = find_folder(["aifb"], [list(CHECKSUMS)], self._raw_dir)
        if folder is not None:
            return folder
        root = cache_folder() if self._raw_dir is None else Path(self.raw_dir)
        return fetch_files(BASE_URL, CHECKSUMS, root / "aifb", progress=self.verbose)


def _facts(path: Path) -> list[tuple[Entity, str, Entity]]:
    """What the file says about the institute, sorted, without the answers."""
    facts = []
    for triple in sorted(turtle.read(path), key=_order):
        head, tail = _entity(triple.subject), _entity(triple.object)
        relation = _relation(triple.predicate.value)
        if head is not None and tail is not None and relation not in ANSWERS:
            facts.append((head, relation, tail))
    if not facts:
        raise GraphValueError(f"{path} says nothing about {INSTITUTE}; download it again.")
    return facts


def _order(triple: turtle.Triple) -> tuple[Any, ...]:
    """By names, objects that are texts last: so DGL numbers nodes and edges."""
    subject, predicate, end = triple
    return subject.value, predicate.value, end.kind, end.value


def _entity(term: turtle.Term) -> Entity | None:
    """The node of a term; None for one that does not belong to the institute."""
    if term.kind == "text":
        return Entity(TEXT_TYPE, term.value)
    parts = term.value.split("/")
    if term.kind == "blank" or not term.value.startswith(INSTITUTE) or len(parts) < 6:
        return None
    return Entity(parts[3], parts[5])


def _relation(name: str) -> str:
    return name.split("/", 3)[3] if name.startswith(ONTOLOGY) else name.rsplit("/", 1)[-1]


def _build(
    facts: list[tuple[Entity, str, Entity]], insert_reverse: bool
) -> tuple[Graph, dict[Entity, int]]:
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


def _label(g: Graph, folder: Path, places: dict[Entity, int]) -> int:
    """Write labels and masks; give the number of classes."""
    data = g.nodes[PREDICTED].data
    num_nodes = g.num_nodes(PREDICTED)
    label = torch.full((num_nodes,), -1)
    classes: dict[str, int] = {}
    for part in ("train", "test"):
        mask = torch.zeros(num_nodes, dtype=torch.bool)
        for person, group in _samples(folder / f"AIFB_{part}.tsv"):
            entity = _entity(turtle.Term("iri", person))
            place = None if entity is None else places.get(entity)
            if place is None:
                raise GraphValueError(
                    f"Expected {person}, who is in the split, to be in {folder}/aifb.n3, got no "
                    "such node; download all files again."
                )
            mask[place] = True
            label[place] = classes.setdefault(group, len(classes))
        data[f"{part}_mask"] = mask
    data["label"] = data["labels"] = label
    return len(classes)


def _samples(path: Path) -> list[tuple[str, str]]:
    """The people of a split and their groups."""
    samples = []
    for number, line in islice(text.lines(path), 1, None):
        parts = line.split("\t")
        if len(parts) != 3:
            raise GraphValueError(
                f"{path}, line {number}: expected a person, a number and a group, separated by "
                f"tabs, got {line[:80]!r}."
            )
        samples.append((parts[0], parts[2]))
    return samples
