"""AIFB: the counts that are published, and what damaged files do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pooch
import pytest
import torch

import graphmp as gm
from graphmp.data import AIFBDataset
from graphmp.data.nodes.aifb import CHECKSUMS
from graphmp.data.readers.turtle import Term, read

NODES = {
    "Forschungsgebiete": 146,
    "Forschungsgruppen": 5,
    "Kooperationen": 28,
    "Personen": 237,
    "Projekte": 78,
    "Publikationen": 1318,
    "_Literal": 5450,
}


@pytest.fixture(scope="session")
def folder(data_dir: Path) -> Path:
    """The folder of the raw files."""
    for found in (data_dir, data_dir / "aifb"):
        if all((found / name).is_file() for name in CHECKSUMS):
            return found
    pytest.skip(
        f"needs the files {', '.join(CHECKSUMS)}: put them into a folder and name it in "
        "GRAPHMP_DATA"
    )


@pytest.fixture(scope="session")
def dataset(folder: Path) -> AIFBDataset:
    return AIFBDataset(raw_dir=folder, verbose=False)


def small(folder: Path, facts: str = "", train: str = "", test: str = "") -> Path:
    """Write files of three people and two groups."""
    people = "".join(
        f"<Personen/view/id{n}> :worksAtProject <Projekte/view/id{n}> ; :name 'N{n}' .\n"
        for n in range(3)
    )
    groups = "<Personen/view/id0> :affiliation <Gruppen/view/id1> .\n"
    text = "@prefix : <http://swrc.ontoware.org/ontology#> .\n" + people + groups + facts
    text = text.replace("'", '"')
    for name in ("Personen", "Projekte", "Gruppen"):
        text = text.replace(f"<{name}", f"<http://www.aifb.uni-karlsruhe.de/{name}")
    (folder / "aifb.n3").write_text(text, encoding="utf-8")
    person = "http://www.aifb.uni-karlsruhe.de/Personen/view/id"
    head = "person\tid\tlabel_affiliation\n"
    train = train or f"{person}0\t1.0\tone\n{person}2\t2.0\ttwo\n"
    (folder / "AIFB_train.tsv").write_text(head + train, encoding="utf-8")
    (folder / "AIFB_test.tsv").write_text(head + (test or f"{person}1\t3.0\ttwo\n"))
    return folder


def test_counts_are_those_that_are_published(dataset: AIFBDataset) -> None:
    g = dataset[0]
    assert (g.num_nodes(), g.num_edges()) == (7262, 48810)
    assert {name: g.num_nodes(name) for name in g.ntypes} == NODES
    assert len(g.canonical_etypes) == 104
    assert len(set(g.etypes)) == 78
    assert (dataset.predict_category, dataset.num_classes, len(dataset)) == ("Personen", 4, 1)
    data = g.nodes["Personen"].data
    assert (int(data["train_mask"].sum()), int(data["test_mask"].sum())) == (140, 36)


def test_labels_are_known_where_a_mask_is(dataset: AIFBDataset) -> None:
    data = dataset[0].nodes["Personen"].data
    masks = data["train_mask"].long() + data["test_mask"].long()
    assert torch.equal(masks, (data["label"] >= 0).long())
    assert sorted(data["label"][masks == 1].bincount().tolist()) == [15, 28, 60, 73]
    assert torch.equal(data["label"], data["labels"])
    assert {data[name].dtype for name in ("train_mask", "test_mask")} == {torch.bool}


def test_the_answers_are_not_among_the_edges(dataset: AIFBDataset) -> None:
    names = " ".join(dataset[0].etypes)
    assert "affiliation" not in names
    assert "employs" not in names


def test_half_of_the_edges_are_reverse_ones(dataset: AIFBDataset, folder: Path) -> None:
    whole, half = dataset[0], AIFBDataset(insert_reverse=False, raw_dir=folder, verbose=False)[0]
    assert (half.num_nodes(), half.num_edges(), len(half.canonical_etypes)) == (7262, 24405, 52)
    for head, name, tail in half.canonical_etypes:
        u, v = half.edges(etype=(head, name, tail))
        assert torch.equal(torch.stack(whole.edges(etype=(head, name, tail))), torch.stack([u, v]))
        turned = whole.edges(etype=(tail, f"rev-{name}", head))
        assert torch.equal(torch.stack(turned), torch.stack([v, u]))


def test_the_triples_of_the_file_are_those_of_an_rdf_library(folder: Path) -> None:
    names, known = folder / "aifb_names.json", folder / "aifb_stripped.npz"
    if not (names.is_file() and known.is_file()):
        pytest.skip(f"needs {known.name} and {names.name} beside the raw files")
    relations = json.loads(names.read_text(encoding="utf-8"))["relations"]
    place = {name: i for i, name in enumerate(relations)}
    triples = read(folder / "aifb.n3")
    assert len(triples) == len(set(triples)) == 29226
    kept = [triple for triple in triples if triple.predicate.value in place]
    ends = {term for triple in kept for term in (triple.subject, triple.object)}
    assert (len(kept), len(ends)) == (29043, 8285)
    with np.load(known) as file:
        counts = np.bincount([place[triple.predicate.value] for triple in kept])
        assert counts.tolist() == np.bincount(file["rel"]).tolist()

        def degrees(found: list[Term]) -> list[int]:
            numbers = {term: i for i, term in enumerate(dict.fromkeys(found))}
            return sorted(np.bincount([numbers[term] for term in found]).tolist())

        for end, column in (("subject", "head"), ("object", "tail")):
            _, expected = np.unique(file[column], return_counts=True)
            assert degrees([getattr(triple, end) for triple in kept]) == sorted(expected.tolist())


def test_ids_count_all_types_together(dataset: AIFBDataset) -> None:
    g = dataset[0]
    nodes = torch.cat([g.nodes[name].data[gm.NID] for name in g.ntypes])
    edges = torch.cat([g.edges[name].data[gm.EID] for name in g.canonical_etypes])
    assert torch.equal(nodes.sort().values, torch.arange(7262))
    assert torch.equal(edges.sort().values, torch.arange(48810))


def test_a_folder_of_small_files_is_read(tmp_path: Path) -> None:
    dataset = AIFBDataset(raw_dir=small(tmp_path), verbose=False, insert_reverse=False)
    g = dataset[0]
    assert g.canonical_etypes == [
        ("Personen", "ontology#name", "_Literal"),
        ("Personen", "ontology#worksAtProject", "Projekte"),
    ]
    assert g.edges(etype="ontology#name")[1].tolist() == [0, 1, 2]
    data = g.nodes["Personen"].data
    assert data["label"].tolist() == [0, 1, 1]
    assert data["train_mask"].tolist() == [True, False, True]
    assert data["test_mask"].tolist() == [False, True, False]
    assert dataset.num_classes == 2


def test_what_is_not_of_the_institute_is_left_out(tmp_path: Path) -> None:
    more = (
        "<http://else/a/b/c/d/e> :name 'x' . [ :name 'y' ] . <Personen/view/id0> a <http://o/C> ."
    )
    g = AIFBDataset(raw_dir=small(tmp_path, more), verbose=False)[0]
    assert {name: g.num_nodes(name) for name in g.ntypes} == {
        "Personen": 3,
        "Projekte": 3,
        "_Literal": 3,
    }


def test_a_transform_is_applied(tmp_path: Path) -> None:
    dataset = AIFBDataset(raw_dir=small(tmp_path), verbose=False, transform=lambda g: g.ntypes)
    assert dataset[0] == ["Personen", "Projekte", "_Literal"]


def test_verbose_prints_the_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    AIFBDataset(raw_dir=small(tmp_path))
    assert capsys.readouterr().out == (
        f"  NumNodes: 9\n  NumEdges: 12\n  NumClasses: 2\nDone loading data from {tmp_path}.\n"
    )


@pytest.mark.parametrize(
    ("part", "text", "message"),
    [
        ("train", "only one column\n", r"AIFB_train\.tsv, line 2: expected a node"),
        ("facts", "<a> <b> .", r"aifb\.n3, line 6: "),
    ],
)
def test_damaged_files_are_an_error(tmp_path: Path, part: str, text: str, message: str) -> None:
    small(tmp_path, **{part: text})
    with pytest.raises(gm.GraphValueError, match=message):
        AIFBDataset(raw_dir=tmp_path, verbose=False)


def test_a_file_about_something_else_is_an_error(tmp_path: Path) -> None:
    (small(tmp_path) / "aifb.n3").write_text("<a> <b> <c> .", encoding="utf-8")
    with pytest.raises(gm.GraphValueError, match="says nothing about http"):
        AIFBDataset(raw_dir=tmp_path, verbose=False)
    (tmp_path / "AIFB_test.tsv").write_bytes(b"\xff")
    small(tmp_path)
    (tmp_path / "AIFB_test.tsv").write_bytes(b"\xff")
    with pytest.raises(gm.GraphValueError, match=r"AIFB_test\.tsv cannot be read"):
        AIFBDataset(raw_dir=tmp_path, verbose=False)


def test_files_that_are_not_at_hand_are_downloaded_and_checked(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(self: object, url: str, output_file: str, pooch: object) -> None:
        shutil.copy(folder / url.rsplit("/", 1)[1], output_file)

    monkeypatch.delenv("GRAPHMP_DATA", raising=False)
    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", download)
    AIFBDataset(raw_dir=tmp_path, verbose=False)
    fetched = {path.name for path in (tmp_path / "aifb").iterdir()}
    assert fetched == set(CHECKSUMS)
