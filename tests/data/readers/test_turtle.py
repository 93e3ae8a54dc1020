"""Turtle: what is read, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import graphmp as gm
from graphmp.data.readers.turtle import MAX_DEPTH, RDF_TYPE, Term, parse, read

PREFIX = "@prefix : <http://x#> . @prefix o: <http://o/> . "


def values(text: str) -> list[tuple[str, ...]]:
    return [
        tuple(term.value.removeprefix("http://x#") for term in triple) for triple in parse(text)
    ]


def objects(text: str) -> list[Term]:
    return [triple.object for triple in parse(text)]


def test_lists_share_their_subject_or_their_predicate() -> None:
    text = PREFIX + ":a :p :b, :c; :q :d . :e :p :a ."
    assert values(text) == [("a", "p", "b"), ("a", "p", "c"), ("a", "q", "d"), ("e", "p", "a")]
    assert values(PREFIX + ":a :p :b ; .") == [("a", "p", "b")]


def test_names_may_be_short_or_whole_and_a_means_type() -> None:
    [triple] = parse(PREFIX + "<http://y/z> a o:Class-1.x .")
    assert triple == (
        Term("iri", "http://y/z"),
        Term("iri", RDF_TYPE),
        Term("iri", "http://o/Class-1.x"),
    )


def test_a_prefix_counts_from_where_it_stands() -> None:
    text = "@prefix : <http://x#> . :a :p :b . @prefix : <http://x#2> . :a :p :b ."
    assert values(text) == [("a", "p", "b"), ("2a", "2p", "2b")]


def test_brackets_are_nodes_without_a_name() -> None:
    text = PREFIX + ":a :p [ :q :b; :r [ :q :c ] ], [] . [ :q :d ] ."
    assert values(text) == [
        ("[1]", "q", "b"),
        ("[2]", "q", "c"),
        ("[1]", "r", "[2]"),
        ("a", "p", "[1]"),
        ("a", "p", "[3]"),
        ("[4]", "q", "d"),
    ]
    assert values(PREFIX + "_:n1 :p _:n2 .") == [("n1", "p", "n2")]


def test_texts_have_escapes_languages_and_datatypes() -> None:
    text = r''':a :p "x\"\\\n\u00e4\U0001F600", """two "lines"
# no comment""", "y"@en-GB, "1"^^o:int, "", """""" .'''
    assert objects(PREFIX + text) == [
        Term("text", 'x"\\\nä😀'),
        Term("text", 'two "lines"\n# no comment'),
        Term("text", "y", "@en-GB"),
        Term("text", "1", "http://o/int"),
        Term("text", ""),
    ]


def test_comments_end_with_their_line() -> None:
    assert values(PREFIX + "# :z :z :z .\n:a :p :b . # end") == [("a", "p", "b")]


def test_a_triple_that_comes_twice_is_there_once() -> None:
    assert values(PREFIX + ":a :p :b, :b . :a :p :b .") == [("a", "p", "b")]


def test_nothing_is_nothing() -> None:
    assert parse("") == parse(" # only this") == []


WRONG = {
    ":a :p :b": "expected '.', got the end",
    ":a :p .": "a name",
    ":a .": "a name",
    ":a :p :b :q :c .": "expected '.', got ':q'",
    ":a :p :b ]": "expected '.', got ']'",
    ":a :p [ :q :b .": "expected ']', got '.'",
    ":a :p z:b .": "expected a name with a known prefix, got 'z:b'",
    ':a :p "b': 'expected " at the end of a text',
    ':a :p "b\nc" .': 'expected " at the end of a text',
    ':a :p """b" .': 'expected """ at the end of a text',
    r':a :p "\UFFFFFFFF" .': "a text of known characters",
    r':a :p "\U00110000" .': "a text of known characters",
    ':a :p "b" "c" .': "expected '.', got 'c'",
    ":a :p 5 .": "a name",
    ":a :p ( :b ) .": "a name",
    ":a :p <b c> .": "a name",
    "@base <http://x> .": "@prefix",
    "@prefix x <http://x> .": "'short'",
    ':a "p" :b .': "a name",
    ":a :p " + "[:p " * 10**5: f"{MAX_DEPTH} brackets",
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:20])
def test_what_is_not_read_is_an_error_that_names_the_line(text: str) -> None:
    with pytest.raises(gm.GraphValueError, match="line 3: ") as caught:
        parse(f"{PREFIX}\n:z :z :z .\n{text}")
    assert WRONG[text] in str(caught.value)


def test_a_long_text_without_an_end_is_an_error_that_needs_little_memory() -> None:
    for start in (':a :p """', ':a :p "', "#"):
        with pytest.raises(gm.GraphValueError, match=r"line [12]: expected"):
            parse(start + "a" * 3_000_000 + "\n!")


def test_an_error_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "facts.ttl"
    with pytest.raises(gm.GraphValueError, match=r"facts\.ttl cannot be read"):
        read(path)
    path.write_bytes(b"\xff")
    with pytest.raises(gm.GraphValueError, match=r"facts\.ttl cannot be read"):
        read(path)
    path.write_text("\n<a> <b>", encoding="utf-8")
    with pytest.raises(gm.GraphValueError, match=r"facts\.ttl, line 2: "):
        read(path)
