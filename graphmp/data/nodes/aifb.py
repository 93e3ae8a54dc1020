"""AIFB: people, publications and projects of a research institute, with relations of many types."""

from __future__ import annotations

from pathlib import Path

from ..downloads import fetch_files
from ..readers import turtle
from .rdf import TEXT_TYPE, Entity, RDFGraphDataset

BASE_URL = "https://github.com/IBCNServices/MINDWALC/raw/214c8cc/mindwalc/data/AIFB/"
CHECKSUMS = {
    "aifb.n3": "9964193b395e19e7ee72a57f02c594677282a575cb7d836c324a38558f9a4db1",
    "AIFB_train.tsv": "4960629668c6548215871321e4b6daaee24191f38f41ccfbc4de62016d18c5a7",
    "AIFB_test.tsv": "abe4a9e7c393164996d1fe7250d72ec1f1a7b350583f2dff5d880f60ec04b3b6",
}
INSTITUTE = "http://www.aifb.uni-karlsruhe.de/"
ONTOLOGY = "http://swrc.ontoware.org/"
# Relations that contain the label: a person's group.
ANSWERS = frozenset({"ontology#affiliation", "ontology#employs"})


class AIFBDataset(RDFGraphDataset):
    """AIFB, a graph of the Semantic Web: to which of 4 research groups does a person belong?

    The files ``aifb.n3``, ``AIFB_train.tsv`` and ``AIFB_test.tsv`` are read from ``raw_dir``, else
    from the folder that the environment variable ``GRAPHMP_DATA`` names (the files in the folder
    itself or in ``aifb/`` within), else they are downloaded into ``raw_dir/aifb``, or without a
    ``raw_dir`` into the folder of :func:`graphmp.data.get_download_dir`, and checked against their
    sha256 sums.

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

    _set_name, _predicted, _subject = "aifb-hetero", "Personen", INSTITUTE
    _facts_names, _split_names = ("aifb.n3",), ("AIFB_train.tsv", "AIFB_test.tsv")

    def download(self) -> None:
        """Download the files to the folder ``aifb``."""
        fetch_files(BASE_URL, CHECKSUMS, Path(self.raw_dir) / "aifb", progress=self.verbose)

    def parse_entity(self, term: turtle.Term) -> Entity | None:
        """The node of a term; None for one that does not belong to the institute."""
        if term.kind == "text":
            return Entity(TEXT_TYPE, term.value)
        parts = term.value.split("/")
        if term.kind == "blank" or not term.value.startswith(INSTITUTE) or len(parts) < 6:
            return None
        return Entity(parts[3], parts[5])

    def parse_relation(self, name: str) -> str | None:
        """The end of the name; None for the answers."""
        ours = name.startswith(ONTOLOGY)
        relation = name.split("/", 3)[3] if ours else name.rsplit("/", 1)[-1]
        return None if relation in ANSWERS else relation

    def _places(self) -> list[str]:
        return ["aifb", *super()._places()]
