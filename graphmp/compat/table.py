"""The table of DGL's names: where graphmp has them, and what to use instead of the others."""

from __future__ import annotations

from collections.abc import Iterator
from configparser import ConfigParser
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pkgutil import resolve_name
from typing import Any, NamedTuple

from ..errors import GraphAttributeError

__all__ = ["PAGE", "Module", "advice", "modules", "older"]

PAGE = "https://github.com/graphmp/graphmp/blob/main/docs/dgl.md"
_OLDER = "names of older versions"
_PARTS = "parts of "


class Module(NamedTuple):
    """A module of DGL 2.1, or its class of graphs.

    Attributes:
        name: its name in DGL.
        homes: where graphmp has its names; the first home that has a name is the one.
        names: its public names in DGL, sorted.
        instead: for each name that graphmp does not have, what to use instead; ``*`` is all names.
        whole: the name of the module that this one is a part of; its own if it is no part.
    """

    name: str
    homes: tuple[str, ...]
    names: tuple[str, ...]
    instead: dict[str, str]
    whole: str

    @property
    def available(self) -> list[str]:
        """The names that graphmp has, sorted."""
        return [] if self.is_absent else [x for x in self.names if x not in self.instead]

    @property
    def is_absent(self) -> bool:
        """Whether graphmp has none of the names."""
        return "*" in self.instead

    def get(self, name: str) -> Any:
        """The object that a name means in graphmp.

        Args:
            name: a name of one of the homes; it need not be a public one.

        Returns:
            The object itself, no copy.

        Raises:
            GraphAttributeError: the name is not available.
        """
        for home in map(resolve_name, self.homes):
            if name not in self.instead and hasattr(home, name):
                return getattr(home, name)
        raise GraphAttributeError(advice(f"{self.name}.{name}"))


@cache
def modules() -> dict[str, Module]:
    """The modules of DGL by name, in the order of the page.

    Returns:
        The table in ``names.ini``. A section is a module; ``home`` and ``names`` are as in
        :class:`Module`, and every other key names what is not available, and its value says what to
        use instead. A section of parts has a line for each module inside another: its names, or
        ``*`` for all. A part has the homes of the whole, and lacks what it lacks; one with a home
        of its own has a section that says what it is ``part of``.

    Example:
        >>> from graphmp.compat.table import modules
        >>> modules()["dgl.random"].homes
        ('graphmp.random',)
    """
    table: dict[str, Module] = {}
    for title, section in _sections().items():
        if title.startswith(_PARTS):
            table |= {part.name: part for part in _parts(table[title[len(_PARTS) :]], section)}
        else:
            table[title] = _module(title, section)
    return table


@cache
def older() -> dict[str, str]:
    """What to use instead of names that DGL had before version 2.1.

    Returns:
        By the whole name; ``DGLGraph`` is the class of graphs.

    Example:
        >>> from graphmp.compat.table import older
        >>> older()["DGLGraph.in_degree"]
        '`g.in_degrees`'
    """
    return {
        f"{place}.{name}": text
        for key, text in _file()[_OLDER].items()
        for place, _, names in [key.partition(":")]
        for name in names.split()
    }


@cache
def _file() -> ConfigParser:
    """The content of ``names.ini``."""
    parser = ConfigParser(delimiters="=", interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(files(__package__).joinpath("names.ini").read_text(encoding="utf-8"))
    return parser


def _sections() -> dict[str, dict[str, str]]:
    """The sections of the file that are modules."""
    return {title: dict(_file()[title]) for title in _file().sections() if title != _OLDER}


def _module(name: str, section: dict[str, str]) -> Module:
    """A section of the file as a record."""
    homes, names = section.pop("home").split(), section.pop("names", "").split()
    whole = section.pop("part of", name)
    instead = {one: text for key, text in section.items() for one in key.split()}
    return Module(name, tuple(homes), tuple(names), instead, whole)


def _parts(whole: Module, section: dict[str, str]) -> Iterator[Module]:
    """The modules inside another; they have its homes, and the package's top as a last one."""
    homes = (*whole.homes, "graphmp")
    for name, text in section.items():
        names = whole.names if text == "*" else tuple(text.split())
        yield Module(f"{whole.name}.{name}", homes, names, whole.instead, whole.name)


def advice(name: str) -> str:
    """What to do about a name of DGL that is not available.

    Args:
        name: the whole name, such as ``dgl.data.utils.makedirs``.

    Returns:
        The place on the page of DGL's names, and what to use instead, if the page says it.

    Example:
        >>> from graphmp.compat.table import advice
        >>> advice("dgl.random.choice").partition("; ")[0]
        'Expected a name that graphmp has, got dgl.random.choice'
    """
    module, rest = modules().get(name), "*"
    place = name
    while module is None:
        place, _, rest = place.rpartition(".")
        module = modules().get(place)
    return f"Expected a name that graphmp has, got {name}; see {module.whole} in {PAGE}." + _hint(
        module, rest
    )


def _hint(module: Module, name: str) -> str:
    """What to use instead of a name of a module, or the name that was probably meant."""
    text = module.instead.get(name) or older().get(f"{module.whole}.{name}")
    text = text or module.instead.get("*")
    if text:
        return f" Instead: {text}."
    similar = get_close_matches(name, module.available, 1, 0.75)
    return "".join(f" Did you mean {each}?" for each in similar)
