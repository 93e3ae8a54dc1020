"""The table of DGL's names: where graphmp has them, and what to use instead of the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from configparser import ConfigParser
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pkgutil import resolve_name
from typing import Any, NamedTuple

from ..errors import GraphAttributeError

__all__ = ["PAGE", "Module", "advice", "hint", "inner", "modules", "older", "others"]

PAGE = "https://github.com/graphmp/graphmp/blob/main/docs/dgl.md"
_OLDER = "names of older versions"
_OTHERS = "names of other libraries"
_INNER = "inner names"
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
    def only_dgls(self) -> list[str]:
        """The available names that only ``dgl`` has, after ``as_dgl()``; sorted."""
        return [x for x in self.available if (self.home_of(x) or "").startswith("graphmp.compat")]

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
        home = self.home_of(name)
        if home is None:
            raise GraphAttributeError(advice(f"{self.name}.{name}"))
        return getattr(resolve_name(home), name)

    def home_of(self, name: str) -> str | None:
        """The home that has a name; None if the name is not available.

        Args:
            name: a name of one of the homes; it need not be a public one.
        """
        homes = () if name in self.instead else self.homes
        return next((home for home in homes if _has(resolve_name(home), name)), None)


def _has(home: Any, name: str) -> bool:
    """Whether a module or class has a name; packages ask the table about missing ones."""
    return name in vars(home) or name in dir(home)


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
    return _replacements(_OLDER)


@cache
def inner() -> dict[str, str]:
    """What to use instead of names that DGL defines for its own use.

    Returns:
        By the whole name, as :func:`older`; some are methods of a class.

    Example:
        >>> from graphmp.compat.table import inner
        >>> inner()["dgl.transforms.functional.knn"]
        '`gm.knn_graph`'
    """
    return _replacements(_INNER)


@cache
def others() -> dict[str, str]:
    """What to use instead of names of PyTorch Geometric, NetworkX, SciPy and torch.

    Returns:
        By the whole name; ``DGLGraph`` is the class of graphs, ``dgl`` the package.

    Example:
        >>> from graphmp.compat.table import others
        >>> others()["DGLGraph.edge_index"]
        '`gm.to_edge_index(g)`'
    """
    return _replacements(_OTHERS)


def _replacements(section: str) -> dict[str, str]:
    """A section whose keys are places with names, by the whole name."""
    return {
        f"{place}.{name}": text
        for key, text in _file()[section].items()
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
    titles = [title for title in _file().sections() if title not in (_OLDER, _OTHERS, _INNER)]
    return {title: dict(_file()[title]) for title in titles}


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
    return f"Expected a name that graphmp has, got {name}; see {module.whole} in {PAGE}." + hint(
        module, rest, module.available
    )


def hint(module: Module, name: str, names: Iterable[str]) -> str:
    """What takes the place of a name that a module does not have.

    Args:
        module: the module of DGL, or its class of graphs.
        name: the name.
        names: what it may be a misspelling of.

    Returns:
        A sentence that follows others, or an empty text.

    Example:
        >>> from graphmp.compat.table import hint, modules
        >>> hint(modules()["dgl"], "GATConv", [])
        ' Instead: `gm.nn.GATConv`.'
    """
    whole = f"{module.whole}.{name}"
    text = module.instead.get(name) or older().get(whole) or others().get(whole)
    text = text or inner().get(f"{module.name}.{name}") or module.instead.get("*")
    text = text or (_in_dgl(whole) if name in module.only_dgls else _elsewhere(name))
    if text:
        return f" Instead: {text}."
    similar = get_close_matches(name, [each for each in names if each[0] != "_"], 1, 0.75)
    return "".join(f" Did you mean {each}?" for each in similar)


def _elsewhere(name: str) -> str | None:
    """Where graphmp has a public name of any module, or that module; None if nowhere."""
    for module in modules().values():
        home = module.home_of(name) if name in module.available else None
        if home and module.name != "DGLGraph" and not home.startswith("graphmp.compat"):
            return f"`{_short(home)}.{name}`"
    inside = modules().get(f"dgl.{name}")
    return inside and (inside.instead.get("*") or _place(inside))


def _place(module: Module) -> str:
    """Where programs find a module."""
    return _in_dgl(module.name) if module.only_dgls else f"`{_short(module.homes[0])}`"


def _in_dgl(whole: str) -> str:
    """A name that only ``dgl`` has."""
    return f"`{whole}`, after `gm.compat.as_dgl()`"


def _short(home: str) -> str:
    """The name of a home in a program that imports graphmp as ``gm``."""
    return home.replace("graphmp", "gm", 1)
