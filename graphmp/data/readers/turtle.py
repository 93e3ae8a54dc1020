"""Triples from a file in Turtle, as far as lists of facts use it.

Turtle is a text format for triples of subject, predicate and object. Read are prefixes, full and
short names, blank nodes, texts with a language or datatype, and lists by ``;`` and ``,``. Numbers,
booleans and collections are not: an error says where they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ...errors import GraphValueError
from . import text

RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
MAX_DEPTH = 100

_TOKEN = re.compile(
    r"""
      (?P<space> \s+ | \#[^\n]* )
    | <(?P<iri> [^<>"{}|^`\\\s]* )>
    | (?P<quote> \"\"\" | " )
    | @(?P<word> [A-Za-z]+ (?: -[A-Za-z0-9]+ )* )
    | _:(?P<blank> [\w-]+ )
    | (?P<short> (?: [^\W\d_] [\w-]* )? : (?: [\w-] | \.(?=\w) )* )
    | (?P<mark> \^\^ | [;,.\[\]] | a(?![\w:-]) )
    """,
    re.VERBOSE | re.DOTALL,
)
# Where a text may end; a pattern for the whole of it would need memory for each of its characters.
_ENDS = {'"""': re.compile(r'\\.|"""', re.DOTALL), '"': re.compile(r'\\.|"|\n', re.DOTALL)}
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_PLAIN = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}


class Term(NamedTuple):
    """A subject, predicate or object.

    Attributes:
        kind: ``"blank"``, ``"iri"`` or ``"text"``.
        value: the name or the text.
        datatype: of a text: its datatype, or ``@`` and its language; else empty.
    """

    kind: str
    value: str
    datatype: str = ""


class Triple(NamedTuple):
    """A fact."""

    subject: Term
    predicate: Term
    object: Term


def read(path: Path) -> list[Triple]:
    """Read the triples of a file, each once, in their order.

    Args:
        path: a file in UTF-8.

    Raises:
        GraphValueError: the file cannot be read, or is not of the part of Turtle described above;
            the message names the line.
    """
    try:
        return parse(text.read(path))
    except GraphValueError as error:
        raise GraphValueError(f"{path}, {error}") from error


def parse(content: str) -> list[Triple]:
    """Read the triples of a text, each once, in their order.

    Args:
        content: Turtle.

    Raises:
        GraphValueError: see :func:`read`.

    Example:
        >>> for triple in parse('@prefix : <http://x#> . :ann :knows :bob, :cid; :name "Ann" .'):
        ...     print(*(term.value for term in triple))
        http://x#ann http://x#knows http://x#bob
        http://x#ann http://x#knows http://x#cid
        http://x#ann http://x#name Ann
    """
    return list(dict.fromkeys(_Parser(content).triples()))


class _Token(NamedTuple):
    kind: str
    value: str
    start: int


class _Parser:
    """Recursive descent over tokens, one token ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._prefixes: dict[str, str] = {}
        self._blanks = self._depth = 0
        self._tokens = self._split()
        self._next = next(self._tokens)

    def triples(self) -> Iterator[Triple]:
        while self._next.kind != "end":
            if self._next.kind == "word":
                self._directive()
            else:
                yield from self._statement()
            self._mark(".")

    def _directive(self) -> None:
        if self._take("word").value != "prefix":
            raise GraphValueError(self._lacking("@prefix"))
        short, iri = self._take("short"), self._take("iri")
        self._prefixes[short.value[:-1]] = iri.value

    def _statement(self) -> Iterator[Triple]:
        facts: list[Triple] = []
        in_brackets = self._at("[")
        subject = self._term(facts)
        if not (in_brackets and self._at(".")):
            self._facts(subject, facts)
        yield from facts

    def _facts(self, subject: Term, facts: list[Triple]) -> None:
        """Predicates and objects of a subject."""
        while True:
            predicate = self._predicate()
            self._object(subject, predicate, facts)
            while self._skip(","):
                self._object(subject, predicate, facts)
            if not self._skip(";") or self._at(".") or self._at("]"):
                return

    def _object(self, subject: Term, predicate: Term, facts: list[Triple]) -> None:
        facts.append(Triple(subject, predicate, self._term(facts)))

    def _predicate(self) -> Term:
        if self._skip("a"):
            return Term("iri", RDF_TYPE)
        return self._name()

    def _term(self, facts: list[Triple]) -> Term:
        """A subject or object; the facts about one in brackets are added to ``facts``."""
        if self._at("["):
            return self._in_brackets(facts)
        if self._next.kind == "blank":
            return Term("blank", self._take("blank").value)
        if self._next.kind == "text":
            return self._literal()
        return self._name()

    def _in_brackets(self, facts: list[Triple]) -> Term:
        if self._depth == MAX_DEPTH:
            raise GraphValueError(self._lacking(f"an end of {MAX_DEPTH} brackets in each other"))
        self._mark("[")
        self._depth += 1
        self._blanks += 1
        blank = Term("blank", f"[{self._blanks}]")
        if not self._at("]"):
            self._facts(blank, facts)
        self._mark("]")
        self._depth -= 1
        return blank

    def _literal(self) -> Term:
        try:
            text = _unescaped(self._next.value)
        except (OverflowError, ValueError) as error:
            raise GraphValueError(self._lacking("a text of known characters")) from error
        self._take("text")
        if self._next.kind == "word":
            return Term("text", text, f"@{self._take('word').value}")
        return Term("text", text, self._name().value if self._skip("^^") else "")

    def _name(self) -> Term:
        if self._next.kind == "iri":
            return Term("iri", self._take("iri").value)
        prefix, _, rest = self._next.value.partition(":")
        if self._next.kind != "short" or prefix not in self._prefixes:
            raise GraphValueError(self._lacking("a name with a known prefix"))
        self._take("short")
        return Term("iri", self._prefixes[prefix] + rest)

    def _at(self, mark: str) -> bool:
        return self._next.kind == "mark" and self._next.value == mark

    def _skip(self, mark: str) -> bool:
        """Go past a mark if it comes next."""
        return self._at(mark) and bool(self._take("mark"))

    def _mark(self, mark: str) -> None:
        if not self._skip(mark):
            raise GraphValueError(self._lacking(repr(mark)))

    def _take(self, kind: str) -> _Token:
        token = self._next
        if token.kind != kind:
            raise GraphValueError(self._lacking(f"a token of the kind {kind!r}"))
        self._next = next(self._tokens)
        return token

    def _split(self) -> Iterator[_Token]:
        start = 0
        while start < len(self._text):
            match = _TOKEN.match(self._text, start)
            if match is None or match.lastgroup is None:
                yield _Token("unknown", self._text[start : start + 20], start)
                return
            if match.lastgroup == "quote":
                end = self._end(match["quote"], match.end())
                yield _Token("text", self._text[match.end() : end], start)
                start = end + len(match["quote"])
                continue
            if match.lastgroup != "space":
                yield _Token(match.lastgroup, match[match.lastgroup], start)
            start = match.end()
        yield _Token("end", "", start)

    def _end(self, quote: str, start: int) -> int:
        """Where the text that begins at ``start`` ends."""
        for match in _ENDS[quote].finditer(self._text, start):
            if match[0] == quote:
                return match.start()
            if match[0] == "\n":
                break
        line = self._text.count("\n", 0, start) + 1
        raise GraphValueError(f"line {line}: expected {quote} at the end of a text, got no end.")

    def _lacking(self, wanted: str) -> str:
        line = self._text.count("\n", 0, self._next.start) + 1
        actual = repr(self._next.value) if self._next.value else "the end"
        return f"line {line}: expected {wanted}, got {actual}."


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _PLAIN.get(match[3], match[3])
