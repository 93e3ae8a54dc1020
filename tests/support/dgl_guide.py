"""The programs in the user guide of DGL, read from a checkout of DGL and run as a reader runs them.

Where DGL is installed, ``PYTHONPATH=tests python -m support.dgl_guide CHECKOUT`` runs them with it,
and prints the outcome of each block. With the data files of the sets that the guide loads in
``~/.dgl``, these are the outcomes that ``tests/compat/test_user_guide.py`` lists.
"""

from __future__ import annotations

import ast
import doctest
import re
import signal
import socket
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from hashlib import sha256
from io import StringIO
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple
from unittest import mock

LIMIT = 600  # seconds that one block may take
LISTED = re.compile(r"^ +([a-z_]+(?:-[a-z-]+)?)$", re.MULTILINE)
INDENTED = r"((?:[ ]+\S.*\n|[ ]*\n)+)"
BLOCK = re.compile(
    r"(?:^\.\. code(?:-block)?::[ ]*(?:python|ipython3)?[ ]*\n(?:[ ]+:\w+:.*\n)*|^(?=[ ]+>>> ))"
    + INDENTED,
    re.MULTILINE,
)
FOLDER = re.compile(r"\s*\./(\w+)/\n")  # begins the drawing of a folder
FILE = re.compile(r"``(\w+\.(?:csv|yaml))``")
NAMED_FILE = re.compile(r"((?:^\S.*\n)+)\n\.\. code::[ ]*(?:yaml)?[ ]*\n" + INDENTED, re.MULTILINE)


class OtherText(AssertionError):
    """A statement runs, and prints another text than the page shows."""


class Block(NamedTuple):
    """A program of a page; the digest is that of its text without white space."""

    page: str
    digest: str
    source: str


class Result(NamedTuple):
    """A block that was run, and the errors of those of its statements that failed."""

    block: Block
    errors: list[Exception]

    def missing(self) -> list[str]:
        """The packages that the block imports and that are not installed."""
        causes = [error for error in self.errors if isinstance(error, ModuleNotFoundError)]
        return [str(cause.name) for cause in causes if not str(cause.name).startswith("dgl")]


def chapters(guide: Path) -> list[str]:
    """The chapters of the guide, in its order."""
    return LISTED.findall((guide / "index.rst").read_text("utf-8"))


def pages(guide: Path, chapter: str) -> list[str]:
    """The page that begins a chapter, and those that it lists."""
    _, _, contents = (guide / f"{chapter}.rst").read_text("utf-8").partition(".. toctree::")
    return [chapter, *LISTED.findall(contents)]


def blocks(guide: Path, page: str) -> Iterator[Block]:
    """The blocks of a page that are Python or of no language."""
    for text in BLOCK.findall((guide / f"{page}.rst").read_text("utf-8") + "\n"):
        digest = sha256("".join(text.split()).encode()).hexdigest()[:8]
        yield Block(page, digest, textwrap.dedent(text))


def run(guide: Path, chapter: str) -> Iterator[Result]:
    """Run a chapter from its first block to its last, without a network.

    All have one namespace. A statement that fails is left out: those after it are run. Where a
    package is missing, the rest of the page is left out.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with mock.patch.object(socket, "getaddrinfo", side_effect=OSError("no network")):
        for page in pages(guide, chapter):
            write_files(guide, page)
            for block in blocks(guide, page):
                result = Result(block, list(errors(block.source, namespace)))
                yield result
                if result.missing():
                    break


def errors(source: str, namespace: dict[str, Any]) -> Iterator[Exception]:
    """Run the statements of a block, and give the errors of those that fail."""
    try:
        with limited():
            for code, expected in statements(source):
                try:
                    execute(code, expected, namespace)
                except Exception as error:  # noqa: BLE001
                    yield error
    except (SyntaxError, TimeoutError) as error:
        yield error


def statements(source: str) -> Iterator[tuple[CodeType, str]]:
    """The statements of a block, and what each is expected to print, if the page says it."""
    if ">>> " in source:
        for example in doctest.DocTestParser().get_examples(source):
            yield compile(example.source, "<guide>", "single"), example.want
    else:
        for statement in ast.parse(source).body:
            yield compile(ast.Module([statement], []), "<guide>", "exec"), ""


def execute(code: CodeType, expected: str, namespace: dict[str, Any]) -> None:
    """Run a statement, and compare what it prints; pages abbreviate the texts of errors."""
    fails = expected.startswith("DGLError: ")
    with redirect_stdout(StringIO()) as printed:
        try:
            exec(code, namespace)
        except Exception as error:
            if fails and isinstance(error, namespace["dgl"].DGLError):
                return
            raise
    if fails or not agrees(expected, printed.getvalue()):
        raise OtherText(f"expected {expected}, got {printed.getvalue()}")


def agrees(expected: str, printed: str) -> bool:
    """Whether a text is the expected one but for white space, and the shape of scalars."""
    expected, printed = ("".join(text.split()) for text in (expected, printed))
    pattern = re.escape(expected.replace("(,)", "()")).replace(re.escape("..."), ".*")
    return not expected or re.fullmatch(pattern, printed) is not None


def write_files(guide: Path, page: str) -> None:
    """Write the files that a page shows, here, each into the folder that it has drawn above."""
    folder = Path()
    for paragraph, text in NAMED_FILE.findall((guide / f"{page}.rst").read_text("utf-8") + "\n"):
        drawing = FOLDER.match(text)
        if drawing:
            folder = Path(drawing[1])
            folder.mkdir()
        elif folder.name:
            for name in FILE.findall(paragraph):
                (folder / name).write_text(textwrap.dedent(text).strip() + "\n", "utf-8")


@contextmanager
def limited() -> Iterator[None]:
    """Raise TimeoutError in what takes too long, where the system has an alarm."""

    def late(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"took longer than {LIMIT} s")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LIMIT)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    checkout = Path(sys.argv[1]) / "docs" / "source" / "guide"
    for chapter in chapters(checkout):
        for (page, digest, _), failures in run(checkout, chapter):
            print(page, digest, repr(failures[0]) if failures else "runs")
