"""Images as graphs of superpixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from ...construct.from_edges import graph
from ...errors import GraphValueError
from ...graph import Graph
from ...io import pickles
from ..builtin import BuiltinDataset
from ..many import GraphsDataset, LabelledGraphsDataset
from ..sources import Folder

Array = NDArray[Any]

NEAREST = 8
MOST = 1 << 12  # superpixels of an image; the largest known has 150, and all pairs are compared
DROPBOX = "https://www.dropbox.com/s/"


class _SuperPixelDataset(BuiltinDataset, LabelledGraphsDataset):
    """Images of `Benchmarking Graph Neural Networks <https://arxiv.org/abs/2003.00982>`__."""

    _size: ClassVar[int]
    _stem: ClassVar[str]

    def __init__(
        self,
        raw_dir: Folder | None = None,
        split: str = "train",
        use_feature: bool = False,
        force_reload: bool = False,
        verbose: bool = False,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        if split not in ("train", "test"):
            raise GraphValueError(f"Expected split to be train or test, got {split!r}.")
        self.split, self.use_feature = split, use_feature
        self._files = (f"{self._stem}_{split}.pkl",)
        super().__init__(
            "Superpixel",
            f"{DROPBOX}y2qwa77a0fxem47/superpixels.zip?dl=1",
            raw_dir=raw_dir,
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    def process(self) -> None:
        """Read the file and build the graphs."""
        path = self._folder() / self._files[0]
        content = pickles.read(path)
        if not isinstance(content, (tuple, list)) or len(content) != 2:
            raise GraphValueError(f"{path}: expected labels and images. Download it again.")
        labels, images = content
        self.labels = self._labels = torch.from_numpy(_integers(labels, f"the labels of {path}"))
        if not isinstance(images, (tuple, list)) or len(images) != len(self.labels):
            raise GraphValueError(f"{path}: expected an image for each of the labels.")
        self.graphs = self._graphs = [self._image(image, path) for image in images]

    @property
    def img_size(self) -> int:
        """Number of pixels of a side."""
        return self._size

    @property
    def num_classes(self) -> int:
        """10 kinds of images."""
        return 10

    def _places(self) -> list[str]:
        return [*super()._places(), *(f"{place}/superpixels" for place in super()._places())]

    def _image(self, image: Any, path: Path) -> Graph:
        """The graph of a color for each superpixel, and of a position."""
        if not isinstance(image, (tuple, list)) or len(image) < 2:
            raise GraphValueError(f"{path}: expected colors and positions. Download it again.")
        color, position = (pickles.array(part, f"an image of {path}") for part in image[:2])
        size = len(color) if color.ndim else 0
        if not 0 < size <= MOST or position.size != 2 * size or color.size % size:
            raise GraphValueError(
                f"{path}: expected a color and a position for each superpixel, got shapes "
                f"{color.shape} and {position.shape}. Download it again."
            )
        color, position = color.reshape(size, -1), position.reshape(size, 2) / self._size
        src, dst, weight = superpixel_edges(position, color if self.use_feature else None)
        g = graph((torch.from_numpy(src), torch.from_numpy(dst)), num_nodes=size)
        feat = np.concatenate([color, position], 1).astype(np.float32)
        g.ndata["feat"] = torch.from_numpy(feat)
        g.edata["feat"] = torch.from_numpy(weight.astype(np.float32)).view(-1, 1)
        return g


class MNISTSuperPixelDataset(_SuperPixelDataset):
    """Handwritten digits: 60,000 and 10,000 graphs of at most 75 superpixels.

    From `Benchmarking Graph Neural Networks <https://arxiv.org/abs/2003.00982>`__ (V. Dwivedi and
    others, 2020). Each superpixel is joined to the 8 most similar ones. Nodes have ``feat`` (n, 3)
    float32: brightness and position; edges have ``feat`` (e, 1) float32, the similarity. The file
    ``mnist_75sp_train.pkl`` or ``mnist_75sp_test.pkl`` is read, without running what it holds, as
    :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        raw_dir: the folder of the file.
        split: ``"train"`` or ``"test"``.
        use_feature: let colors count for similarity, not only positions.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to each graph on access.

    Raises:
        GraphValueError: another split, or a damaged or unexpected file.
        GraphRuntimeError: a missing file that cannot be downloaded.
    """

    _size, _stem = 28, "mnist_75sp"


class CIFAR10SuperPixelDataset(_SuperPixelDataset):
    """Photographs of ten kinds: 50,000 and 10,000 graphs of at most 150 superpixels.

    As :class:`MNISTSuperPixelDataset`, with three colors in ``feat`` (n, 5) and the files
    ``cifar10_150sp_train.pkl`` and ``cifar10_150sp_test.pkl``.
    """

    _size, _stem = 32, "cifar10_150sp"


class _SegmentsDataset(BuiltinDataset, GraphsDataset):
    """Images of `Long Range Graph Benchmark <https://arxiv.org/abs/2206.08310>`__."""

    _set_name: ClassVar[str]
    _stem: ClassVar[str]
    _urls: ClassVar[dict[tuple[int, str], str]]
    _known_labels: ClassVar[list[int]]

    def __init__(
        self,
        raw_dir: Folder | None = None,
        split: str = "train",
        construct_format: str = "edge_wt_region_boundary",
        slic_compactness: int = 30,
        force_reload: bool = False,
        verbose: bool = False,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        choice = slic_compactness, construct_format
        if split not in ("train", "val", "test") or choice not in self._urls:
            raise GraphValueError(
                f"Expected split to be train, val or test, construct_format to be one of "
                f"{', '.join(FORMATS)} and slic_compactness 10 or 30, got {split!r}, "
                f"{construct_format!r} and {slic_compactness!r}."
            )
        self.split, self.construct_format = split, construct_format
        self.slic_compactness = slic_compactness
        self._files = (f"{split}.pickle",)
        name = f"{self._stem}_superpixels_{construct_format}"
        super().__init__(
            self._set_name,
            f"{DROPBOX}{self._urls[choice]}/{name}.zip?dl=1",
            raw_dir=raw_dir,
            force_reload=bool(force_reload),
            verbose=bool(verbose),
            transform=transform,
        )

    @property
    def raw_path(self) -> str:
        """Folder of the files of these settings."""
        settings = Path(f"slic_compactness_{self.slic_compactness}") / self.construct_format
        return str(Path(self.raw_dir) / self.name / settings)

    def process(self) -> None:
        """Read the file and build the graphs."""
        path = self._folder() / self._files[0]
        images = pickles.read(path)
        if not isinstance(images, (tuple, list)):
            raise GraphValueError(f"{path}: expected a list of images. Download it again.")
        self.graphs = self._graphs = [self._image(image, path) for image in images]

    @property
    def num_classes(self) -> int:
        """Number of kinds of objects, the background among them."""
        return len(self._known_labels)

    def _places(self) -> list[str]:
        inner = f"{self._stem}_superpixels_{self.construct_format}"
        place = f"{self.name}/slic_compactness_{self.slic_compactness}/{self.construct_format}"
        return [place, f"{place}/{inner}"]

    def _image(self, image: Any, path: Path) -> Graph:
        if not isinstance(image, (tuple, list)) or len(image) != 4:
            raise GraphValueError(f"{path}: expected features, edges and labels of an image.")
        feat, weight, ends = (pickles.tensor(part, f"an image of {path}") for part in image[:3])
        label = _integers(image[3], f"the labels of {path}")
        place = np.searchsorted(self._known_labels, label).clip(max=self.num_classes - 1)
        fits = ends.shape[:1] == (2,) and weight.shape[:1] == ends.shape[1:2]
        if not fits or feat.shape[:1] != label.shape or ends.is_floating_point():
            raise GraphValueError(f"{path}: an image whose parts do not fit. Download it again.")
        if (np.asarray(self._known_labels)[place] != label).any():
            raise GraphValueError(f"{path}: expected known labels, got {label.max()}.")
        g = graph(tuple(ends.long()), num_nodes=len(label))
        g.ndata["feat"], g.edata["feat"] = feat.float(), weight.float()
        g.ndata["label"] = torch.from_numpy(place.astype(np.int64))
        return g


FORMATS = ("edge_wt_only_coord", "edge_wt_coord_feat", "edge_wt_region_boundary")


class VOCSuperpixelsDataset(_SegmentsDataset):
    """PascalVOC-SP: 11,355 photographs as graphs of superpixels, which show 21 kinds of objects.

    From `Long Range Graph Benchmark <https://arxiv.org/abs/2206.08310>`__ (V. Dwivedi and others,
    NeurIPS 2022). Nodes have ``feat`` (n, 14) float32 and ``label`` (n,) int64, edges have ``feat``
    (e, 1) or (e, 2) float32. The file ``SPLIT.pickle`` is read, without running what it holds, as
    :class:`graphmp.data.DGLBuiltinDataset` says, and from
    ``PascalVOC-SP/slic_compactness_30/edge_wt_region_boundary`` with the settings by default.

    Args:
        raw_dir: the folder of the file.
        split: ``"train"``, ``"val"`` or ``"test"``.
        construct_format: ``"edge_wt_only_coord"``, ``"edge_wt_coord_feat"`` or
            ``"edge_wt_region_boundary"``: which superpixels are joined, and what their edges tell.
        slic_compactness: 10 or 30: how compact superpixels are.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to each graph on access.

    Raises:
        GraphValueError: unknown settings, or a damaged or unexpected file.
        GraphRuntimeError: a missing file that cannot be downloaded.
    """

    _set_name, _stem, _known_labels = "PascalVOC-SP", "voc", list(range(21))
    _urls: ClassVar[dict[tuple[int, str], str]] = {
        (10, "edge_wt_only_coord"): "rk6pfnuh7tq3t37",
        (10, "edge_wt_coord_feat"): "2a53nmfp6llqg8y",
        (10, "edge_wt_region_boundary"): "6pfz2mccfbkj7r3",
        (30, "edge_wt_only_coord"): "toqulkdpb1jrswk",
        (30, "edge_wt_coord_feat"): "xywki8ysj63584d",
        (30, "edge_wt_region_boundary"): "8x722ai272wqwl4",
    }


class COCOSuperpixelsDataset(_SegmentsDataset):
    """COCO-SP: 123,286 photographs as graphs of superpixels, which show 81 kinds of objects.

    As :class:`VOCSuperpixelsDataset`; labels are numbered without gaps.
    """

    _set_name, _stem = "COCO-SP", "coco"
    _known_labels: ClassVar[list[int]] = [
        each for each in range(91) if each not in (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)
    ]
    _urls: ClassVar[dict[tuple[int, str], str]] = {
        (10, "edge_wt_only_coord"): "prqizdep8gk0ndk",
        (10, "edge_wt_coord_feat"): "zftoyln1pkcshcg",
        (10, "edge_wt_region_boundary"): "fhihfcyx2y978u8",
        (30, "edge_wt_only_coord"): "hrbfkxmc5z9lsaz",
        (30, "edge_wt_coord_feat"): "4rfa2d5ij1gfu9b",
        (30, "edge_wt_region_boundary"): "r6ihg1f4pmyjjy0",
    }


def superpixel_edges(position: Array, color: Array | None) -> tuple[Array, Array, Array]:
    r"""Join each superpixel to the 8 most similar ones.

    The similarity of two is :math:`e^{-(d_{uv} / \sigma_u)^2}`, symmetrized, where
    :math:`d_{uv}` is their distance and :math:`\sigma_u` the mean distance from u to its 8
    nearest; with colors, exponents are added.

    Args:
        position: (n, 2).
        color: (n, D), or None.

    Returns:
        (e,) sources in ascending order, destinations, and similarities, the smallest first for
        each source.
    """
    exponent = _exponent(position) + (0 if color is None else _exponent(color))
    similarity = np.exp(-exponent)
    similarity = 0.5 * (similarity + similarity.T)
    size = len(position)
    np.fill_diagonal(similarity, -1)
    order = np.argsort(similarity, axis=1, kind="stable")[:, max(size - NEAREST, 1) :]
    src = np.repeat(np.arange(size), order.shape[1])
    dst = order.reshape(-1)
    return src, dst, similarity[src, dst]


def _exponent(points: Array) -> Array:
    """Squared distances over the squared mean distance to the nearest points."""
    distance: Array = np.linalg.norm(points[:, None] - points[None], axis=-1)
    if len(points) <= NEAREST:
        return distance**2
    nearest = np.partition(distance, NEAREST, axis=1)[:, : NEAREST + 1]
    scaled: Array = (distance / (nearest.sum(1, keepdims=True) / NEAREST + 1e-8)) ** 2
    return scaled


def _integers(value: Any, what: str) -> Array:
    """Integers of a pickle: a tensor, an array, or a list of ints or of arrays."""
    if isinstance(value, (list, tuple)) and all(type(item) is int for item in value):
        numbers = np.array(value or np.zeros(0, np.int64))  # of objects, if one is too large
    else:
        items = value if isinstance(value, (list, tuple)) else [value]
        numbers = np.concatenate([_array(item, what).reshape(-1) for item in items])
    if numbers.dtype.kind not in "iu" or numbers.dtype == np.uint64:
        raise GraphValueError(f"Expected {what} as integers, got {numbers.dtype}.")
    return numbers.astype(np.int64)


def _array(value: Any, what: str) -> Array:
    if not hasattr(value, "tensor_parts"):
        return pickles.array(value, what)
    tensor = pickles.tensor(value, what)
    if tensor.is_floating_point() or tensor.is_complex():
        raise GraphValueError(f"Expected {what} as integers, got {tensor.dtype}.")
    return tensor.numpy()
