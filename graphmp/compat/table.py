"""The table of DGL's names: where graphmp has them, and what to use instead of the others."""

from __future__ import annotations

from configparser import ConfigParser
from functools import cache
from importlib.resources import files
from pkgutil import resolve_name
from typing import Any, NamedTuple

__all__ = ["Module", "modules"]


class Module(NamedTuple):
    """A module of DGL 2.1, or its class of graphs.

    Attributes:
        name: its name in DGL.
        homes: where graphmp has its names; the first home that has a name is the one.
        names: its public names in DGL, sorted.
        instead: for each name that graphmp does not have, what to use instead; ``*`` is all names.
    """

    name: str
    homes: tuple[str, ...]
    names: tuple[str, ...]
    instead: dict[str, str]

    @property
    def available(self) -> list[str]:
        """The names that graphmp has, sorted."""
        return [] if "*" in self.instead else [x for x in self.names if x not in self.instead]

    def get(self, name: str) -> Any:
        """The object of a name.

        Args:
            name: a name that one of the homes has.

        Returns:
            The object in graphmp.
        """
        home = next(home for home in self.homes if hasattr(resolve_name(home), name))
        return getattr(resolve_name(home), name)


@cache
def modules() -> dict[str, Module]:
    """The modules of DGL by name, in the order of the page.

    Returns:
        The table in ``names.ini``. A section is a module, ``home`` and ``names`` are as in
        :class:`Module`; every other key names what is not available, and its value says what to
        use instead.

    Example:
        >>> from graphmp.compat.table import modules
        >>> modules()["dgl.random"].homes
        ('graphmp.random',)
    """
    parser = ConfigParser(delimiters="=", interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(files(__package__).joinpath("names.ini").read_text(encoding="utf-8"))
    return {name: _module(name, dict(parser[name])) for name in parser.sections()}


def _module(name: str, section: dict[str, str]) -> Module:
    """A section of the file as a record."""
    homes, names = section.pop("home").split(), section.pop("names", "").split()
    instead = {one: text for key, text in section.items() for one in key.split()}
    return Module(name, tuple(homes), tuple(names), instead)
