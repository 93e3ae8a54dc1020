"""The words of code and pages: names say what a thing is, sentences are plain English."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "graphmp").rglob("*.py"))
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "benchmarks" / "README.md"])

# A participle says that something happened to a thing, not what the thing is.
BANNED_NAMES = frozenset({"found", "given", "made", "kept", "taken"})

# What a sentence begins with: a text, a paragraph, the end of another sentence, a list's dash.
OPENING = r"(?:\A|\n\s*\n|[.!?:]\s|(?:\A|\n)\s*[-*#>]+\s)\s*"
PHRASES = {
    r"\banew\b": "again",
    r"\bat hand\b": "available",
    r"\bthere\s+is\s+none\b": "say what is missing",
    r"\bfor DGL's sake\b": "as in DGL",
    r"\bg(?:o|oes|oing|one)\s+through\b": "iterate over, read, list",
    OPENING + r"What is\b": "begin with the subject",
    OPENING + r"Of which\b": "begin with the subject",
    OPENING + r"That is\b": "begin with the subject",
}
PHRASES_OF_ERRORS = {r"\bcame\b": "got"}


def named(path: Path) -> str:
    """A file's path in the repository."""
    return path.relative_to(ROOT).as_posix()


def names(source: str) -> Iterator[tuple[int, str]]:
    """The names that a module binds, with their lines: variables, parameters, captures."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.lineno, node.name


def texts(source: str) -> Iterator[tuple[int, str]]:
    """A module's strings and comments, with their first lines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("#! ")


def phrases(first_line: int, text: str, banned: dict[str, str]) -> list[str]:
    """The banned phrases in a text: their lines, what stands there, and what to write."""
    return [
        f"line {first_line + text.count(chr(10), 0, match.end())}: "
        f"{' '.join(match.group().split())!r} ({advice})"
        for pattern, advice in banned.items()
        for match in re.finditer(pattern, text)
    ]


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_names_say_what_a_thing_is(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    banned = [f"line {line}: {name}" for line, name in names(source) if name in BANNED_NAMES]
    assert not banned, f"{named(path)} has banned names:\n" + "\n".join(banned)


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_docstrings_comments_and_errors_are_plain_english(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    all_phrases = {**PHRASES, **PHRASES_OF_ERRORS}
    banned = [one for line, text in texts(source) for one in phrases(line, text, all_phrases)]
    assert not banned, f"{named(path)} has banned phrases:\n" + "\n".join(banned)


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_pages_are_plain_english(path: Path) -> None:
    banned = phrases(1, path.read_text(encoding="utf-8"), PHRASES)
    assert not banned, f"{named(path)} has banned phrases:\n" + "\n".join(banned)


@pytest.mark.parametrize(
    "source",
    [
        "def f(found): ...",
        "def f():\n    a, *made = x",
        "def f(x):\n    return [kept for kept in x]",
        "def f(x):\n    if (taken := x): ...",
        "with f() as given: ...",
        "match x:\n    case [found, *_]: ...",
    ],
)
def test_a_banned_name_is_noticed(source: str) -> None:
    assert BANNED_NAMES.intersection(name for _, name in names(source))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("It is computed anew.", 1),
        ("A sentence. That is another.", 1),
        ("One.\n\nWhat is next", 3),
        ("- Of which", 1),
        ("It goes\nthrough all", 2),
    ],
)
def test_a_banned_phrase_is_noticed(text: str, line: int) -> None:
    assert [one.partition(":")[0] for one in phrases(1, text, PHRASES)] == [f"line {line}"]


def test_ordinary_sentences_are_not_refused() -> None:
    assert not phrases(1, "The rows, most of which are short, say what is there.", PHRASES)
