"""The citation graphs Cora, Citeseer and PubMed with the public split of Planetoid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from ...construct.from_edges import graph
from ...errors import GraphValueError
from ...transforms import reorder_graph
from ..dataset import SingleGraphDataset
from ..downloads import fetch_files
from ..readers import planetoid as planetoid_files
from ..sources import Folder, cache_folder, find_folder

NUM_VALIDATION = 500
NAMES = ("cora", "citeseer", "pubmed")
BASE_URL = "https://github.com/kimiyoung/planetoid/raw/af6abf4/data/"
CHECKSUMS = {
    "ind.citeseer.allx": "2ac30345d95c9ec933a817ee0bdd6a5f077f8c184a20e696910192d534414668",
    "ind.citeseer.ally": "f704b2d986dde6c2669934de1f3ae5696a6cf9455c0f6b2646a2d135ea0a1c95",
    "ind.citeseer.graph": "d79a4ef9d3e7169aee8946145f6b7306e35bc79bffad26346cfb94e10e9912a7",
    "ind.citeseer.test.index": "2af990671580b6b2df5d158d1038f8292e30c9cd821b5453f399659b25b723d4",
    "ind.citeseer.tx": "539a8906a2da97628d212f2fdd668c109a8b3f0d36574b59e5d3fd5b5303da21",
    "ind.citeseer.ty": "55e5bd1ba1e733a04598753ad1a8d57957f4b8f89e74519f41f4f4938767e4ce",
    "ind.citeseer.x": "d20de19150741e555de0ed037195630fc194114ebc7fd72ced62810148aa22f6",
    "ind.citeseer.y": "8ba87e515d8e3ee3cf52f6d2c5b86aa73f11ecad825a808455209ec26cd54924",
    "ind.cora.allx": "9419ba2f26f5c35243db64aba110e0f35a04851609e0dc5433450676ca6b8543",
    "ind.cora.ally": "2b998f5cc7fedc86e7f97ca2498f47a1ffc1462c29e2d578b23bf3f62b6e7d71",
    "ind.cora.graph": "58f13302f39dde8852dad6fe6d15b89b077b6d7f837626bce671ef80344b383d",
    "ind.cora.test.index": "297ce89af2b51a6a194181c7dbe1796c6a1cf9cd9349a88383b1b1e227867875",
    "ind.cora.tx": "b9afbaa4a400df991f6f02ef677e1e44da55ffc04801fd02f9e673987829226a",
    "ind.cora.ty": "41f5ac76596a1699cc33f53084a2419e92961c42bb75f36fc38e616d348532ad",
    "ind.cora.x": "23cfa55d91c6f624233f5eb7b6e3f141f1bd2b2ae39608a63cf5d084bb27baab",
    "ind.cora.y": "94465c14eb53e04ca262198dcbb2521ee8af60fb3f3d546cd6ca24a511b0e7d1",
    "ind.pubmed.allx": "508e538e2abdccdd54c4d3e9f49d638b4af7107d85845f66ddea5a5152658b7e",
    "ind.pubmed.ally": "0c37bbe3b5014ec365e9d393cf4791925e5ed94fb194305d74f064a8d7b50f0e",
    "ind.pubmed.graph": "5b89f0036ca22909471f1e6558eb42fa06e0c730a577bde5b058b40638f81dc9",
    "ind.pubmed.test.index": "b101d421688bbaecbd82e8a18f1e282378d6830f3a37666f28ebc47f844341b5",
    "ind.pubmed.tx": "4eb5f5d0f30f26497eb0ac6ac9719d09c67e284f1ed0385c93f3ef27a671da3d",
    "ind.pubmed.ty": "ee2e0d4819d9fbcc403689c3bf2e49face401b605932f093bc58ab6461130fdd",
    "ind.pubmed.x": "fbe9cb5c47200d1b7769a26e579be3b7130b556831f9d850e77c4c74f2599b33",
    "ind.pubmed.y": "e6c807633307a07ed659249006536a147c7999c797f11a2560752990181b41b3",
}


class CitationGraphDataset(SingleGraphDataset):
    """A citation graph of Planetoid: Cora, Citeseer or PubMed.

    The eight files are read from ``raw_dir``, else from the folder that the environment variable
    ``GRAPHMP_DATA`` names (the files in the folder itself or in ``planetoid/`` within), else they
    are downloaded into ``raw_dir/planetoid``, or without a ``raw_dir`` into the folder of
    :func:`graphmp.data.get_download_dir`, and checked against their sha256 sums.

    The graph has ``feat`` (N, D) float32, rows scaled to sum 1; ``label`` (N,) int64; and
    ``train_mask``, ``val_mask``, ``test_mask`` (N,) bool. Edges are distinct, their sources
    ascend, and their ids are those of DGL; self-loops remain.

    Args:
        name: ``"cora"``, ``"citeseer"`` or ``"pubmed"``.
        raw_dir: the folder of the files.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print counts, and a progress bar for downloads.
        reverse_edge: each edge in both directions; otherwise only from the smaller id.
        transform: a function that is applied to the graph on access.
        reorder: number the nodes by reverse Cuthill-McKee; needs SciPy.

    Raises:
        GraphValueError: an unknown name, or a damaged or unexpected file.
        GraphRuntimeError: missing files that cannot be downloaded.
    """

    def __init__(
        self,
        name: str,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = True,
        reverse_edge: bool = True,
        transform: Callable[[Any], Any] | None = None,
        reorder: bool = False,
    ) -> None:
        if name.lower() not in NAMES:
            raise GraphValueError(f"Expected name to be one of {', '.join(NAMES)}, got {name!r}.")
        self._reverse_edge, self._reorder = reverse_edge, reorder
        super().__init__(
            name.lower(),
            url=BASE_URL,
            raw_dir=raw_dir,
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    @property
    def reverse_edge(self) -> bool:
        """Whether each edge is there in both directions."""
        return self._reverse_edge

    @property
    def num_classes(self) -> int:
        """Number of node classes."""
        return self._num_classes

    num_labels = num_classes

    def process(self) -> None:
        """Read the files and build the graph."""
        folder = self._find_or_fetch()
        raw = planetoid_files.read(folder, self.name)
        self._num_classes = raw.num_classes
        self._graph = _build(raw, self._reverse_edge)
        if self._reorder:
            self._graph = reorder_graph(
                self._graph, "rcmk", edge_permute_algo="dst", store_ids=False
            )
        if self.verbose:
            self._print_summary(folder)

    def _find_or_fetch(self) -> Path:
        names = planetoid_files.file_names(self.name)
        folder = find_folder(["planetoid"], [names], self._raw_dir)
        if folder is not None:
            return folder
        root = cache_folder() if self._raw_dir is None else Path(self.raw_dir)
        checksums = {name: CHECKSUMS[name] for name in names}
        return fetch_files(BASE_URL, checksums, root / "planetoid", progress=self.verbose)

    def _print_summary(self, folder: Path) -> None:
        data = self._graph.ndata
        print(f"  NumNodes: {self._graph.num_nodes()}")
        print(f"  NumEdges: {self._graph.num_edges()}")
        print(f"  NumFeats: {data['feat'].shape[1]}")
        print(f"  NumClasses: {self.num_classes}")
        print(f"  NumTrainingSamples: {int(data['train_mask'].sum())}")
        print(f"  NumValidationSamples: {int(data['val_mask'].sum())}")
        print(f"  NumTestSamples: {int(data['test_mask'].sum())}")
        print(f"Done loading data from {folder}.")


class _NamedDataset(CitationGraphDataset):
    """A citation graph whose name is that of its class."""

    _set_name: ClassVar[str]

    def __init__(
        self,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = True,
        reverse_edge: bool = True,
        transform: Callable[[Any], Any] | None = None,
        reorder: bool = False,
    ) -> None:
        super().__init__(
            self._set_name, raw_dir, force_reload, verbose, reverse_edge, transform, reorder
        )


class CoraGraphDataset(_NamedDataset):
    """Cora: 2708 papers on machine learning in 7 classes, 10556 edges, 1433 words.

    The split has 140 training, 500 validation and 1000 test nodes. Data: P. Sen et al.,
    "Collective Classification in Network Data", AI Magazine 2008; split: Z. Yang et al.,
    "Revisiting Semi-Supervised Learning with Graph Embeddings", ICML 2016. Files, fields and
    arguments are those of :class:`graphmp.data.CitationGraphDataset`, without the name.
    """

    _set_name = "cora"


class CiteseerGraphDataset(_NamedDataset):
    """Citeseer: 3327 papers in 6 classes, 9228 edges (124 of them self-loops), 3703 words.

    The split has 120 training, 500 validation and 1000 test nodes. The files describe 15 nodes
    only by their edges: these have zero features, label 0 and are in no mask. Sources as for
    :class:`CoraGraphDataset`, files, fields and arguments as for
    :class:`graphmp.data.CitationGraphDataset`.
    """

    _set_name = "citeseer"


class PubmedGraphDataset(_NamedDataset):
    """PubMed: 19717 papers on diabetes in 3 classes, 88651 edges (3 of them self-loops).

    The split has 60 training, 500 validation and 1000 test nodes; the features are TF-IDF weights
    of 500 words. Sources as for :class:`CoraGraphDataset`, files, fields and arguments as for
    :class:`graphmp.data.CitationGraphDataset`.
    """

    _set_name = "pubmed"


load_cora = CoraGraphDataset
load_citeseer = CiteseerGraphDataset
load_pubmed = PubmedGraphDataset


def _build(raw: planetoid_files.Planetoid, reverse_edge: bool) -> Any:
    src, dst = torch.from_numpy(raw.src), torch.from_numpy(raw.dst)
    if not reverse_edge:
        once = src <= dst
        src, dst = src[once], dst[once]
    num_nodes = len(raw.labels)
    g = graph((src, dst), num_nodes=num_nodes)
    g.ndata["feat"] = torch.from_numpy(_scale_rows(raw.features))
    g.ndata["label"] = torch.from_numpy(raw.labels)
    g.ndata["train_mask"] = _mask(slice(raw.num_train), num_nodes)
    validation = slice(raw.num_train, raw.num_train + NUM_VALIDATION)
    g.ndata["val_mask"] = _mask(validation, num_nodes)
    g.ndata["test_mask"] = _mask(torch.from_numpy(raw.test), num_nodes)
    return g


def _scale_rows(features: planetoid_files.Floats) -> planetoid_files.Floats:
    """Divide each row, in place, by its sum; zero rows stay zero."""
    sums = features.sum(axis=1, keepdims=True)
    sums[sums == 0] = 1
    features /= sums
    return features


def _mask(nodes: slice | Tensor, num_nodes: int) -> Tensor:
    mask = torch.zeros(num_nodes, dtype=torch.bool)
    mask[nodes] = True
    return mask
