from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import graphmp as gm
from graphmp.data.readers import numbers


def written(folder: Path, content: str) -> Path:
    (folder / "it.txt").write_text(content, encoding="utf-8", newline="")
    return folder / "it.txt"


@pytest.mark.parametrize("word", ["7", "+7", "7.0", "7.", "7e0", "70e-1", "007", ".7e1"])
def test_an_integer_may_be_written_in_several_ways(word: str) -> None:
    assert numbers.integer(word) == 7
    assert numbers.integer("-" + word.lstrip("+")) == -7


@pytest.mark.parametrize(
    "word",
    ["", "x", "1.5", "nan", "inf", "1_0", "0x7", "٣", "1e400", "7 7", str(2**63), "9" * 9999],
)
def test_other_words_are_no_integers(word: str) -> None:
    with pytest.raises(gm.GraphError, match=r"expected (a number|an integer of 64 bits), got '"):
        numbers.integer(word)


def test_integers_of_64_bits_are_exact() -> None:
    for value in (2**63 - 1, -(2**63), 2**53 + 1):
        assert numbers.integer(str(value)) == value


@pytest.mark.parametrize(
    "content", ["1 2\n3 4\n", "1,2\n3,4", "1, 2\r\n3, 4\r\n", "\ufeff1\t2\n\n3\t4\n"]
)
def test_a_table_has_a_row_for_each_line(tmp_path: Path, content: str) -> None:
    for kind, dtype in ((int, np.int64), (float, np.float64)):
        rows = numbers.table(written(tmp_path, content), kind)
        assert rows.dtype == dtype
        assert rows.tolist() == [[1, 2], [3, 4]]


def test_a_table_of_integers_may_be_written_with_points(tmp_path: Path) -> None:
    rows = numbers.table(written(tmp_path, "1.0,9223372036854775807\n3e0,4\n"), int)
    assert rows.tolist() == [[1, 2**63 - 1], [3, 4]]


def test_reals_may_be_infinite_or_no_number(tmp_path: Path) -> None:
    rows = numbers.table(written(tmp_path, "nan -inf 1e-3\n"), float)
    assert np.isnan(rows[0, 0])
    assert rows[0, 1:].tolist() == [-np.inf, 1e-3]


def test_a_header_may_be_skipped(tmp_path: Path) -> None:
    path = written(tmp_path, "a b\n1 2\nx 3\n")
    with pytest.raises(gm.GraphError, match=r"it\.txt, line 3: expected a number, got 'x'"):
        numbers.table(path, int, skip=1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", ": expected numbers, got none"),
        ("\n \n", ": expected numbers, got none"),
        ("1 2\n3\n", ", line 2: expected 2 numbers, got '3'"),
        ("1 2\n\n3 4 5\n", ", line 3: expected 2 numbers, got '3 4 5'"),
        ("1,2\n3,\n", ", line 2: expected a number, got ''"),
        ("1 2\n3 # 4\n", ", line 2: expected 2 numbers"),
        ("1 2\n3 4.5\n", ", line 2: expected an integer of 64 bits, got '4.5'"),
        (f"1 {2**64}\n", ", line 1: expected an integer of 64 bits, got '18446744073709551616'"),
    ],
)
def test_an_error_names_file_line_and_value(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(gm.GraphError) as caught:
        numbers.table(written(tmp_path, content), int)
    assert f"it.txt{message}" in str(caught.value)


def test_a_wrong_number_of_columns_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(gm.GraphError, match="line 1: expected 3 numbers, got '1 2'"):
        numbers.table(written(tmp_path, "1 2\n"), int, columns=3)


def test_any_delimiter_may_be_named(tmp_path: Path) -> None:
    assert numbers.loadtxt(written(tmp_path, "1;2\n3;4\n"), ";").tolist() == [[1, 2], [3, 4]]
    rows = numbers.loadtxt(str(written(tmp_path, "1\t2.5\n")), "\t")
    assert rows.tolist() == [[1, 2.5]]
    assert rows.dtype == np.float64
    assert numbers.loadtxt(written(tmp_path, "1,2\n"), ",", np.int32).dtype == np.int32
    with pytest.raises(gm.GraphError, match="line 1: expected a number, got 'x'"):
        numbers.loadtxt(written(tmp_path, "x,2\n"), ",")


def test_a_long_row_of_digits_is_refused_at_once() -> None:
    with pytest.raises(gm.GraphError, match="expected a number, got '1111"):
        numbers.real("1" * 200_000 + "x")
