from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
import torch

import graphmp as gm
from graphmp.data import BitcoinOTCDataset, GDELTDataset, ICEWS18Dataset

WEEK = 7 * 24 * 3600
RATINGS = f"""6,2,4,0.5
6,5,-2,{2 * WEEK}
2,6,10,{4 * WEEK}.25
5,2,1,{6 * WEEK}
"""


def write_bitcoin(folder: Path, name: str = "bitcoinotc.csv", content: str = RATINGS) -> Path:
    data = content.encode()
    (folder / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    return folder


@pytest.mark.parametrize("name", ["bitcoinotc.csv", "soc-sign-bitcoinotc.csv.gz"])
def test_graphs_of_bitcoin_have_the_edges_until_their_time(tmp_path: Path, name: str) -> None:
    data = BitcoinOTCDataset(write_bitcoin(tmp_path, name))
    assert len(data) == 3
    assert [g.num_edges() for g in data] == [1, 2, 3]
    last = data[-1]
    assert [ends.tolist() for ends in last.edges()] == [[4, 4, 0], [0, 3, 4]]
    assert last.edata["h"].tolist() == [[4], [-2], [10]]
    assert {g.num_nodes() for g in data.graphs} == {5}
    assert data.is_temporal


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,2,3\n", "line 5: expected 4 numbers"),
        ("1,2,x,4\n", "line 5: expected a number, got 'x'"),
        ("1,2,nan,4\n", "expected ids, ratings and times"),
        ("1,99999999999,1,4\n", "expected ids, ratings and times"),
    ],
)
def test_a_wrong_line_of_bitcoin_is_an_error(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(gm.GraphError, match=message):
        BitcoinOTCDataset(write_bitcoin(tmp_path, content=RATINGS + line))


EVENTS = "1\t7\t2\t{0}\t-1\n2\t8\t3\t{1}\t-1\n5\t9\t1\t{1}\t-1\n1\t7\t2\t{2}\t-1\n"


@pytest.mark.parametrize(("make", "hours"), [(ICEWS18Dataset, 24), (GDELTDataset, 15)])
@pytest.mark.parametrize("mode", ["train", "valid", "TEST"])
def test_graphs_of_events_have_the_edges_until_their_time(
    tmp_path: Path, make: Any, hours: int, mode: str
) -> None:
    content = EVENTS.format(2 * hours, 3 * hours + 1, 5 * hours)
    (tmp_path / f"{mode.lower()}.txt").write_text(content)
    data = make(mode, raw_dir=tmp_path)
    assert (len(data), data.start_time, data.end_time) == (4, 2, 5)
    assert [g.num_edges() for g in data] == [1, 3, 3, 4]
    assert [ends.tolist() for ends in data[1].edges()] == [[1, 2, 5], [2, 3, 1]]
    assert data[1].edata["rel_type"].tolist() == [[7], [8], [9]]
    assert data[0].num_nodes() == 23033
    assert data.is_temporal
    assert torch.equal(make(mode, tmp_path, transform=gm.reverse)[0].edges()[0], torch.tensor([2]))
    with pytest.raises(gm.GraphError, match="has 4 graphs, numbered from 0, got 4"):
        data[4]


@pytest.mark.parametrize("make", [ICEWS18Dataset, GDELTDataset])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "expected numbers, got none"),
        ("1\t2\t3\n", "a subject, a relation, an object and a time"),
        ("1\t2\t23033\t0\n", "from 0 to 23032, got 23033"),
        ("1\t2\t-3\t0\n", "from 0 to 23032, got -3"),
    ],
)
def test_wrong_events_are_an_error(tmp_path: Path, make: Any, content: str, message: str) -> None:
    (tmp_path / "train.txt").write_text(content)
    with pytest.raises(gm.GraphError, match=message):
        make(raw_dir=tmp_path)
    with pytest.raises(gm.GraphError, match="train, valid or test, got 'dev'"):
        make("dev", raw_dir=tmp_path)
