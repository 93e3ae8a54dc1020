from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import graphmp as gm
from graphmp.data import AMDataset, BGSDataset, MUTAGDataset

TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
BGS = "http://data.bgs.ac.uk/"
ROCK = f"{BGS}id/Lexicon/NamedRockUnit/"
AM = "http://purl.org/collections/nl/am/"
MUTAG = "http://dl-learner.org/carcinogenesis#"
FACTS = {
    MUTAGDataset: [
        f"<{MUTAG}d1> <{MUTAG}hasBond> <{MUTAG}bond1> .",
        f"<{MUTAG}d2> <{MUTAG}hasAtom> <{MUTAG}c7> .",
        f'<{MUTAG}d1> <{MUTAG}isMutagenic> "true" .',
        f'<{MUTAG}d1> <{MUTAG}charge> "0.5" .',
        f"<{MUTAG}c7> {TYPE} <{MUTAG}Carbon> .",
        f"<{MUTAG}d1> {TYPE} <http://other/Thing> .",
    ],
    BGSDataset: [
        f"<{ROCK}A> <{BGS}ref/Lexicon/hasTheme> <{BGS}id/Lexicon/Theme/T> .",
        f"<{BGS}id/Lexicon/NamedRockUnit/B> {TYPE} <{BGS}id/Lexicon/Theme/T> .",
        f"<{BGS}id/Lexicon/NamedRockUnit/B> <{BGS}ref/Lexicon/hasLithogenesis> <{BGS}id/a/b/c> .",
        f'<{BGS}id/Lexicon/NamedRockUnit/A> <{BGS}ref/Lexicon/name> "a" .',
        f"<{BGS}id/Lexicon/NamedRockUnit/A> <{BGS}ref/x> <{BGS}id/Lexicon/Theme/T> .",
        f"<{BGS}id/Lexicon/NamedRockUnit/A> <{BGS}ref/Lexicon/is> <{BGS}ref/CurrentStatus/1/2> .",
    ],
    AMDataset: [
        f"<{AM}proxy-1> <{AM}maker> <{AM}p-7> .",
        f"<{AM}proxy-2> <{AM}maker> <{AM}a-b-c> .",
        f"<{AM}proxy-2> <{AM}objectCategory> <{AM}t-1> .",
        f"<{AM}proxy-2> <{AM}material> <{AM}t-1> .",
        f"<{AM}proxy-1> {TYPE} _:x .",
        f'<{AM}proxy-1> <{AM}title> "a"@nl .',
    ],
}
FILES = {MUTAGDataset: "mutag", BGSDataset: "bgs", AMDataset: "am"}
SAMPLES = {
    MUTAGDataset: (f"{MUTAG}d1\t0\tyes", f"{MUTAG}d2\t1\tno"),
    BGSDataset: (
        f"0\t{BGS}id/Lexicon/NamedRockUnit/B\tyes",
        f"1\t{BGS}id/Lexicon/NamedRockUnit/A\tno",
    ),
    AMDataset: (f"{AM}proxy-2\t0\tyes", f"{AM}proxy-1\t1\tno"),
}
EACH = pytest.mark.parametrize("make", FILES, ids=lambda make: str(make.__name__))


def write(folder: Path, make: Any, extra: str = "") -> Path:
    (folder / f"{FILES[make]}_stripped.nt").write_text("\n".join(FACTS[make]))
    for name, sample in zip(("trainingSet", "testSet"), SAMPLES[make], strict=True):
        (folder / f"{name}.tsv").write_text(f"header\n{sample}\n{extra}")
    return folder


def test_the_types_of_mutag_follow_from_names_and_relations(tmp_path: Path) -> None:
    g = MUTAGDataset(raw_dir=write(tmp_path, MUTAGDataset), verbose=False, insert_reverse=False)[0]
    assert sorted(g.canonical_etypes) == [
        ("SCHEMA", "22-rdf-syntax-ns#type", "SCHEMA"),
        ("d", "charge", "_Literal"),
        ("d", "hasAtom", "hasAtom"),
        ("d", "hasBond", "bond"),
    ]


def test_the_types_of_bgs_are_two_parts_of_names(tmp_path: Path) -> None:
    g = BGSDataset(raw_dir=write(tmp_path, BGSDataset), verbose=False, insert_reverse=False)[0]
    rock, theme = "Lexicon/NamedRockUnit", "Lexicon/Theme"
    assert sorted(g.canonical_etypes) == [
        (rock, "Lexicon/hasTheme", theme),
        (rock, "http://www_w3_org/1999/02/22-rdf-syntax-ns#type", theme),
    ]


def test_the_types_of_am_are_halves_of_names(tmp_path: Path) -> None:
    g = AMDataset(raw_dir=write(tmp_path, AMDataset), verbose=False, insert_reverse=False)[0]
    assert sorted(g.canonical_etypes) == [
        ("proxy", "http://www_w3_org/1999/02/22-rdf-syntax-ns#type", "_BNode"),
        ("proxy", "maker", "TYPE"),
        ("proxy", "maker", "p"),
    ]


@EACH
def test_the_split_gives_labels_and_masks(tmp_path: Path, make: Any) -> None:
    dataset = make(raw_dir=write(tmp_path, make), verbose=False)
    data = dataset[0].nodes[dataset.predict_category].data
    assert dataset.num_classes == 2
    assert sorted(data["label"].tolist()) == [0, 1]
    assert data["label"][data["train_mask"]].tolist() == [0]
    assert data["label"][data["test_mask"]].tolist() == [1]
    half = make(raw_dir=tmp_path, verbose=False, insert_reverse=False)[0]
    assert dataset[0].num_edges() == 2 * half.num_edges()


@EACH
def test_a_sample_without_facts_is_left_out_with_a_warning(tmp_path: Path, make: Any) -> None:
    unknown = (
        SAMPLES[make][0]
        .replace("proxy-2", "proxy-9")
        .replace("d1", "d9")
        .replace("Unit/B", "Unit/C")
    )
    write(tmp_path, make, extra=f"{unknown}\n")
    with pytest.warns(gm.GraphWarning, match="is in no fact; it is left out"):
        assert make(raw_dir=tmp_path, verbose=False).num_classes == 2
    for name in ("trainingSet", "testSet"):
        (tmp_path / f"{name}.tsv").write_text(f"header\n{unknown}\n")
    with (
        pytest.warns(gm.GraphWarning),
        pytest.raises(gm.GraphError, match="expected nodes of the facts, got none"),
    ):
        make(raw_dir=tmp_path, verbose=False)


@EACH
def test_damaged_files_of_facts_are_an_error(tmp_path: Path, make: Any) -> None:
    write(tmp_path, make)
    path = tmp_path / f"{FILES[make]}_stripped.nt"
    path.write_text("<a> <b> <c> .\n")
    with pytest.raises(gm.GraphError, match="says nothing about http"):
        make(raw_dir=tmp_path)
    path.write_text("<a> <b> 5 .\n")
    with pytest.raises(gm.GraphError, match=r"stripped\.nt, line 1: expected a name"):
        make(raw_dir=tmp_path)
