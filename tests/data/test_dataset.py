from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import graphmp as gm
from graphmp.data import DGLDataset, GraphDataset


class Recorded(GraphDataset):
    """A data set that remembers which hooks were called, and caches itself in a file."""

    def __init__(self, **settings: Any) -> None:
        self.calls: list[str] = []
        super().__init__("recorded", **settings)

    @property
    def cache(self) -> Path:
        return Path(self.save_path) / f"{self.hash}.txt"

    def download(self) -> None:
        self.calls.append("download")
        Path(self.raw_path).mkdir()

    def process(self) -> None:
        self.calls.append("process")

    def save(self) -> None:
        self.calls.append("save")
        self.cache.parent.mkdir(parents=True, exist_ok=True)
        self.cache.touch()

    def load(self) -> None:
        self.calls.append("load")

    def has_cache(self) -> bool:
        assert not self._force_reload, "with force_reload nobody looks for a cache"
        return self.cache.exists()

    def __getitem__(self, idx: int) -> int:
        return [10, 20][idx]

    def __len__(self) -> int:
        return 2


def test_first_use_downloads_processes_and_saves(tmp_path: Path) -> None:
    assert Recorded(raw_dir=tmp_path / "new").calls == ["download", "process", "save"]


def test_second_use_loads_the_cache(tmp_path: Path) -> None:
    Recorded(raw_dir=tmp_path)
    assert Recorded(raw_dir=tmp_path).calls == ["load"]


def test_force_reload_processes_again_without_a_download(tmp_path: Path) -> None:
    Recorded(raw_dir=tmp_path)
    assert Recorded(raw_dir=tmp_path, force_reload=True).calls == ["process", "save"]


def test_hash_key_separates_caches(tmp_path: Path) -> None:
    Recorded(raw_dir=tmp_path, hash_key=(1,))
    assert Recorded(raw_dir=tmp_path, hash_key=(2,)).calls == ["process", "save"]


def test_save_dir_defaults_to_raw_dir(tmp_path: Path) -> None:
    same = Recorded(raw_dir=tmp_path)
    assert same.save_path == same.raw_path == str(tmp_path / "recorded")
    other = Recorded(raw_dir=tmp_path, save_dir=tmp_path / "saved")
    assert other.save_path == str(tmp_path / "saved" / "recorded")


def test_a_loop_over_a_dataset_ends(tmp_path: Path) -> None:
    assert list(Recorded(raw_dir=tmp_path)) == [10, 20]


def test_dgl_dataset_is_the_same_class() -> None:
    assert DGLDataset is GraphDataset


def test_a_dataset_needs_no_process_if_its_constructor_builds_the_items() -> None:
    class Numbers(GraphDataset):
        def __init__(self) -> None:
            super().__init__("numbers")

        def __getitem__(self, idx: int) -> int:
            return 2 * idx

        def __len__(self) -> int:
            return 2

    class Bare(Numbers):
        def __init__(self) -> None:
            self.bare = True

    assert list(Numbers()) == list(Bare()) == [0, 2]


def test_what_a_dataset_lacks_is_an_error_where_it_is_needed() -> None:
    class Endless(GraphDataset):
        def __getitem__(self, idx: int) -> int:
            return idx

    endless = Endless("endless")
    assert endless[7] == 7
    with pytest.raises(
        gm.GraphNotImplementedError, match=r"Expected Endless to have its own __len__\(\)"
    ):
        len(endless)
    with pytest.raises(
        gm.GraphNotImplementedError, match=r"to have its own __getitem__\(idx\), got none"
    ):
        GraphDataset("empty")[0]


def test_a_dataset_without_downloads_makes_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    gm.data.KarateClubDataset()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("idx", [1, -1, 7])
def test_a_single_graph_dataset_has_index_0_only(idx: int) -> None:
    with pytest.raises(gm.GraphError, match=f"at index 0, got {idx}") as caught:
        gm.data.KarateClubDataset()[idx]
    assert isinstance(caught.value, IndexError)


def test_transform_is_called_on_the_graph_that_is_read() -> None:
    dataset = gm.data.KarateClubDataset(transform=lambda g: g.num_nodes())
    assert dataset[0] == 34


def test_a_dataset_of_ones_own_applies_the_transform() -> None:
    class Numbered(GraphDataset):
        def __getitem__(self, idx: int) -> Any:
            return self.apply_transform(gm.graph(([0], [1]), num_nodes=idx + 2)), idx

        def __len__(self) -> int:
            return 2

    assert [g.num_edges() for g, _ in Numbered("numbered")] == [1, 1]
    transformed = Numbered("numbered", transform=gm.add_self_loop)
    assert [g.num_edges() for g, _ in transformed] == [3, 4]


def test_repr_is_that_of_dgl(tmp_path: Path) -> None:
    folder = tmp_path / "recorded"
    assert repr(Recorded(raw_dir=tmp_path)) == (
        f'Dataset("recorded", num_graphs=2, save_path={folder})'
    )


@pytest.mark.parametrize(
    ("key", "digits"), [((), "f9065fa7"), (("x", 1), "ed30aad6"), ((10, 20), "b7d43912")]
)
def test_hash_is_that_of_dgl(key: tuple[Any, ...], digits: str, tmp_path: Path) -> None:
    dataset = Recorded(raw_dir=tmp_path, hash_key=key)
    assert dataset.hash == dataset._hash == dataset._get_hash() == digits


class Prepared(Recorded):
    """A data set that replaces the hook that downloads."""

    def _download(self) -> None:
        self.calls.append("prepare")


def test_the_hook_that_downloads_can_be_replaced(tmp_path: Path) -> None:
    assert Prepared(raw_dir=tmp_path).calls == ["prepare", "process", "save"]


class Saved(GraphDataset):
    """A data set as programs for DGL write them."""

    def process(self) -> None:
        self.graphs = [gm.rand_graph(4, 5), gm.rand_graph(6, 7)]
        self.labels, self.info = torch.tensor([0, 1]), {"num_classes": 2, "names": {0: "a"}}
        self.was_processed = True

    def has_cache(self) -> bool:
        return Path(self.save_path, "graph.bin").exists()

    def save(self) -> None:
        gm.data.save_graphs(f"{self.save_path}/graph.bin", self.graphs, {"labels": self.labels})
        gm.io.save_info(f"{self.save_path}/info.pkl", self.info)

    def load(self) -> None:
        self.graphs, labels = gm.data.load_graphs(f"{self.save_path}/graph.bin")
        self.labels, self.info = labels["labels"], gm.io.load_info(f"{self.save_path}/info.pkl")
        self.was_processed = False

    def __getitem__(self, idx: int) -> Any:
        return self.graphs[idx], self.labels[idx]

    def __len__(self) -> int:
        return len(self.graphs)


def test_a_dataset_saves_and_loads_graphs_and_info(tmp_path: Path) -> None:
    first, second = Saved("saved", save_dir=tmp_path), Saved("saved", save_dir=tmp_path)
    assert (first.was_processed, second.was_processed) == (True, False)
    assert second.info == first.info
    for (actual, label), (expected, other) in zip(second, first, strict=True):
        assert torch.equal(torch.stack(actual.edges()), torch.stack(expected.edges()))
        assert label == other


def test_a_builtin_dataset_without_url_calls_its_own_download(tmp_path: Path) -> None:
    class Local(gm.data.DGLBuiltinDataset):
        def download(self) -> None:
            Path(self.raw_path).mkdir()

        def process(self) -> None:
            self.is_raw = Path(self.raw_path).is_dir()

        def __getitem__(self, idx: int) -> bool:
            return self.is_raw

        def __len__(self) -> int:
            return 1

    assert Local("local", url=None, raw_dir=tmp_path)[0]


def test_the_folder_of_a_dataset_with_a_url_has_the_name_that_dgl_uses(tmp_path: Path) -> None:
    class Remote(gm.data.DGLDataset):
        def __init__(self) -> None:
            super().__init__(
                "cora_v2", url="https://data.dgl.ai/dataset/cora_v2.zip", raw_dir=tmp_path
            )

        def __getitem__(self, idx: int) -> None: ...

        def __len__(self) -> int:
            return 0

    assert Remote().raw_path == Remote().save_path == str(tmp_path / "cora_v2_d697a464")
