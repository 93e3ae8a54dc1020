from __future__ import annotations

import gzip
import tarfile
from pathlib import Path
from typing import Any

import pytest
import torch
from support.served import serve

import graphmp as gm
from graphmp.data import FB15k237Dataset, FB15kDataset, WN18Dataset

FACTS = {
    "train": "c\tlikes\ta\na\tknows\tb\n",
    "valid": "b\tknows\tc\n",
    "test": "a\tlikes\tb\n",
}


def write(folder: Path, packed: bool = False, **changes: str) -> Path:
    for part, content in {**FACTS, **changes}.items():
        path = folder / f"{part}.txt{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    return folder


@pytest.mark.parametrize("packed", [False, True])
def test_facts_are_edges_and_come_back_the_other_way_round(tmp_path: Path, packed: bool) -> None:
    data = FB15k237Dataset(raw_dir=write(tmp_path, packed), verbose=False)
    g = data[0]
    heads, tails = [2, 0, 0, 1], [0, 1, 1, 2]
    assert [ends.tolist() for ends in g.edges()] == [heads + tails, tails + heads]
    assert g.edata["etype"].tolist() == [1, 1, 0, 0, 3, 3, 2, 2]
    assert (data.num_nodes, data.num_rels) == (3, 2)
    assert (data.entities, data.relations) == (["a", "b", "c"], ["knows", "likes"])
    assert g.ndata["ntype"].tolist() == [0, 0, 0]


def test_masks_name_the_parts_with_and_without_the_way_back(tmp_path: Path) -> None:
    data = FB15k237Dataset(raw_dir=write(tmp_path), verbose=False)[0].edata
    once = torch.tensor([[1, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0]]).bool()
    none = torch.zeros(3, 4, dtype=torch.bool)
    facts = [data[f"{part}_edge_mask"] for part in ("train", "valid", "test")]
    edges = [data[f"{part}_mask"] for part in ("train", "val", "test")]
    assert torch.equal(torch.stack(facts), torch.cat([once, none], 1))
    assert torch.equal(torch.stack(edges), torch.cat([once, once], 1))


def test_facts_of_a_relation_follow_each_other_in_the_order_of_the_files(tmp_path: Path) -> None:
    train = "".join(
        f"a\t{relation}\t{tail}\n" for relation, tail in zip("zyzxy", "edcba", strict=True)
    )
    g = FB15k237Dataset(reverse=False, raw_dir=write(tmp_path, train=train), verbose=False)[0]
    assert g.edata["etype"].tolist() == [4, 4, 3, 3, 2, 0, 1]
    assert g.edges()[1].tolist() == [4, 2, 3, 0, 1, 2, 1]


def test_without_reverse_there_are_facts_alone(tmp_path: Path) -> None:
    g = FB15k237Dataset(reverse=False, raw_dir=write(tmp_path), verbose=False)[0]
    assert g.edata["etype"].tolist() == [1, 1, 0, 0]
    assert torch.equal(g.edata["train_mask"], g.edata["train_edge_mask"])


def test_dictionaries_beside_the_facts_give_the_numbers(tmp_path: Path) -> None:
    (tmp_path / "entities.dict").write_text("0\tc\n1\tunused\n2\tb\n3\ta\n")
    (tmp_path / "relations.dict").write_text("0\tlikes\n1\tknows\n")
    data = FB15k237Dataset(reverse=False, raw_dir=write(tmp_path), verbose=False)
    assert [ends.tolist() for ends in data[0].edges()] == [[0, 3, 3, 2], [3, 2, 2, 0]]
    assert data[0].edata["etype"].tolist() == [0, 0, 1, 1]
    assert data.num_nodes == 4


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("0\ta\n2\tb\n3\tc\n", r"entities\.dict, line 2: expected the number 1, a tab"),
        ("0\ta\n1\ta\n2\tb\n", "line 2: .* a new name, got '1 a'"),
        ("0\ta\n1\tb\n", "do not fit the facts.*'c'"),
    ],
)
def test_dictionaries_that_do_not_fit_are_an_error(
    tmp_path: Path, names: str, message: str
) -> None:
    (tmp_path / "entities.dict").write_text(names)
    with pytest.raises(gm.GraphError, match=message):
        FB15k237Dataset(raw_dir=write(tmp_path), verbose=False)


@pytest.mark.parametrize("line", ["a\tb", "a b c", "a\t\tb", "a\tb\tc\td"])
def test_a_line_that_is_no_fact_is_an_error_that_says_where(tmp_path: Path, line: str) -> None:
    with pytest.raises(gm.GraphError, match=r"valid\.txt, line 2: expected a head"):
        FB15k237Dataset(raw_dir=write(tmp_path, valid=f"a\tb\tc\n{line}\n"), verbose=False)


@pytest.mark.parametrize("part", ["train", "valid", "test"])
@pytest.mark.parametrize("content", ["", "\n \n"])
def test_a_file_without_facts_is_an_error(tmp_path: Path, part: str, content: str) -> None:
    write(tmp_path)
    (tmp_path / f"{part}.txt").write_text(content)
    with pytest.raises(gm.GraphError, match=rf"{part}\.txt: expected facts, got none"):
        FB15k237Dataset(raw_dir=tmp_path, verbose=False)


@pytest.mark.parametrize(
    "content", [b"no gzip", gzip.compress(b"a\tb\tc" * 9, mtime=0)[:-9]], ids=["other", "cut"]
)
def test_a_damaged_archive_is_an_error_that_names_the_file(tmp_path: Path, content: bytes) -> None:
    write(tmp_path, packed=True)
    (tmp_path / "test.txt.gz").write_bytes(content)
    with pytest.raises(gm.GraphError, match=r"test\.txt\.gz cannot be read: "):
        FB15k237Dataset(raw_dir=tmp_path, verbose=False)


@pytest.mark.usefixtures("no_named_folder")
@pytest.mark.parametrize(
    ("make", "name"),
    [(FB15k237Dataset, "FB15k-237"), (FB15kDataset, "FB15k"), (WN18Dataset, "wn18")],
)
def test_files_that_are_missing_are_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any, name: str
) -> None:
    (tmp_path / "files").mkdir()
    write(tmp_path / "files")
    with tarfile.open(tmp_path / "it.tgz", "w:gz") as tar:
        tar.add(tmp_path / "files", name)
    asked = serve(monkeypatch, (tmp_path / "it.tgz").read_bytes())
    for _ in range(2):
        assert make(raw_dir=tmp_path / "new", verbose=False).num_nodes == 3
    assert [url.rsplit("/", 1)[1] for url in asked] == [f"{name}.tgz"]


@pytest.mark.usefixtures("named_data_dir")
def test_counts_are_those_published() -> None:
    data = FB15k237Dataset(verbose=False)
    edges = data[0].edata
    assert (data.num_nodes, data.num_rels) == (14541, 237)
    facts = [int(edges[f"{part}_edge_mask"].sum()) for part in ("train", "valid", "test")]
    assert facts == [272115, 17535, 20466]
    assert data[0].num_edges() == 2 * sum(facts)
