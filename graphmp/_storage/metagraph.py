"""Metagraph: the node types and relations of a graph, and how users name them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from .._checks import kind
from ..errors import GraphKeyError, GraphTypeError, GraphValueError
from . import pickled

CanonicalEtype: TypeAlias = tuple[str, str, str]

DEFAULT_NTYPE = "_N"
DEFAULT_ETYPE = "_E"
# How the types of a homogeneous graph are called; they are not shown.
UNNAMED = (DEFAULT_NTYPE, DEFAULT_ETYPE, (DEFAULT_NTYPE, DEFAULT_ETYPE, DEFAULT_NTYPE))


def of_type(name: str | CanonicalEtype) -> str:
    """A type as it follows "nodes" or "edges" in an error message; empty if it has no name.

    Example:
        >>> of_type("user"), of_type(DEFAULT_NTYPE)
        (" of type 'user'", '')
    """
    return "" if name in UNNAMED else f" of type {name!r}"


def listed(names: Iterable[object]) -> str:
    """Types as an error message lists them."""
    texts = ["one without a name" if name in UNNAMED else repr(name) for name in names]
    return ", ".join(dict.fromkeys(texts)) or "none"


class Metagraph:
    """The types of a graph; a type's id is its index.

    Attributes:
        srctypes: node types at the sources' side.
        dsttypes: node types at the destinations' side; of a block, other nodes than ``srctypes``.
        ntypes: all node types; of a block, the sources' and then the destinations'.
        canonical_etypes: the relations ``(source type, name, destination type)``.
        is_block: whether sources and destinations are different nodes.
    """

    __slots__ = ("_named", "canonical_etypes", "dsttypes", "is_block", "ntypes", "srctypes")

    def __init__(
        self,
        canonical_etypes: Iterable[CanonicalEtype],
        srctypes: Iterable[str],
        dsttypes: Iterable[str] | None = None,
    ) -> None:
        """Number the types in the order in which they are passed.

        Args:
            canonical_etypes: the relations.
            srctypes: the node types, or for a block those of the sources.
            dsttypes: for a block the node types of the destinations; else None.
        """
        self.is_block = dsttypes is not None
        self.canonical_etypes = list(canonical_etypes)
        self.ntypes = list(srctypes)
        self.srctypes = self.dsttypes = self.ntypes
        if dsttypes is not None:
            self.dsttypes = list(dsttypes)
            self.ntypes = self.srctypes + self.dsttypes
        elif self._is_bipartite():
            targets = {d for _, _, d in self.canonical_etypes}
            self.srctypes = [ntype for ntype in self.ntypes if ntype not in targets]
            self.dsttypes = [ntype for ntype in self.ntypes if ntype in targets]
        self._named: dict[str, list[CanonicalEtype]] = {}
        for etype in self.canonical_etypes:
            self._named.setdefault(etype[1], []).append(etype)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the types; all else follows from them."""
        dsttypes = self.dsttypes if self.is_block else None
        return _whole, (
            self.canonical_etypes,
            self.srctypes if self.is_block else self.ntypes,
            dsttypes,
        )

    def _is_bipartite(self) -> bool:
        """Whether no node type is at both sides, as in ('user', 'buys', 'item')."""
        sources = {s for s, _, _ in self.canonical_etypes}
        return bool(sources) and sources.isdisjoint(d for _, _, d in self.canonical_etypes)

    @property
    def etypes(self) -> list[str]:
        """The names of the relations, in the order of ``canonical_etypes``."""
        return [name for _, name, _ in self.canonical_etypes]

    def etype(self, name: Any) -> CanonicalEtype:
        """Resolve the name of a relation.

        Args:
            name: a relation's name, its canonical triple, or None for the only relation.

        Raises:
            GraphKeyError: unknown; the message lists the known ones.
            GraphValueError: several relations fit; the message lists them.
            GraphTypeError: neither a string nor a triple.
        """
        if name is None:
            if len(self.canonical_etypes) == 1:
                return self.canonical_etypes[0]
            raise GraphValueError(
                f"The graph has {len(self.canonical_etypes)} edge types, so name one: "
                f"{listed(self.canonical_etypes)}."
            )
        if isinstance(name, str):
            candidates = self._named.get(name, [])
            if len(candidates) == 1:
                return candidates[0]
            if candidates:
                raise GraphValueError(
                    f"Edge type {name!r} is ambiguous: pass one of {listed(candidates)}."
                )
        elif isinstance(name, tuple) and len(name) == 3:
            if name in self.canonical_etypes:
                return name
        else:
            raise GraphTypeError(
                "Expected an edge type as a name or a triple (source type, name, destination "
                f"type), got {kind(name)}."
            )
        raise GraphKeyError(
            f"There is no edge type {name!r}; the graph has {listed(self.canonical_etypes)}."
        )

    def src(self, name: Any = None) -> str:
        """Find a node type at the sources' side; None is the only one."""
        return _find(name, self.srctypes, "source node type")

    def dst(self, name: Any = None) -> str:
        """Find a node type at the destinations' side; None is the only one."""
        return _find(name, self.dsttypes, "destination node type")

    def ntype(self, name: Any = None) -> str:
        """Find a node type of a graph that is not a block; None is the only one."""
        return self._prefixed(name)[1] or _find(name, self.ntypes, "node type")

    def end(self, name: Any = None, first: int = 0) -> tuple[int, str]:
        """Find a node type, and the end at which its nodes are.

        Args:
            name: a node type; None for the only one. ``"SRC/x"`` and ``"DST/x"`` name an end of a
                block or of a bipartite graph.
            first: the end of a block at which a type without prefix is looked up first.

        Returns:
            0 for the frames of sources, 1 for those of destinations; and the type.
        """
        end, ntype = self._prefixed(name)
        if ntype or not self.is_block:
            return end, ntype or self.ntype(name)
        types = (self.srctypes, self.dsttypes)
        if name in types[1 - first] and name not in types[first]:
            return 1 - first, name
        return first, self.dst(name) if first else self.src(name)

    def _prefixed(self, name: Any) -> tuple[int, str]:
        """The end and the type of ``"SRC/x"`` or ``"DST/x"``; an empty type for other names."""
        is_bipartite = self.srctypes is not self.ntypes
        if is_bipartite and isinstance(name, str) and name not in self.ntypes:
            if name.startswith("SRC/"):
                return 0, self.src(name[4:])
            if name.startswith("DST/"):
                return 1, self.dst(name[4:])
        return 0, ""


# The types of a homogeneous graph, shared by graphs: one look tells that they are the same.
HOMOGENEOUS = Metagraph([UNNAMED[2]], [DEFAULT_NTYPE])


def numbered(canonical_etypes: Iterable[CanonicalEtype], ntypes: Iterable[str]) -> Metagraph:
    """The types of a graph that is no block, in the order of their names."""
    etypes, names = sorted(canonical_etypes), sorted(ntypes)
    is_homogeneous = etypes == HOMOGENEOUS.canonical_etypes and names == HOMOGENEOUS.ntypes
    return HOMOGENEOUS if is_homogeneous else Metagraph(etypes, names)


def _whole(
    canonical_etypes: list[CanonicalEtype], srctypes: list[str], dsttypes: list[str] | None
) -> Metagraph:
    """The types of a pickle, after a check."""
    names = [name for etype in canonical_etypes for name in etype]
    ends = {s for s, _, _ in canonical_etypes} - {*srctypes}
    ends |= {d for _, _, d in canonical_etypes} - {*(srctypes if dsttypes is None else dsttypes)}
    lists: list[list[Any]] = [canonical_etypes, srctypes, dsttypes or []]
    are_names = all(isinstance(name, str) for name in [*names, *srctypes, *(dsttypes or ())])
    are_distinct = all(len({*each}) == len(each) for each in lists)
    pickled.check(are_names and are_distinct and not ends, "its types contradict each other")
    return Metagraph(canonical_etypes, srctypes, dsttypes)


def _find(name: Any, known: Sequence[str], what: str) -> str:
    if name is None:
        if len(known) == 1:
            return known[0]
        raise GraphValueError(f"The graph has {len(known)} {what}s, so name one: {listed(known)}.")
    if not isinstance(name, str):
        raise GraphTypeError(f"Expected a {what} as a string, got {kind(name)}.")
    if name not in known:
        raise GraphKeyError(f"There is no {what} {name!r}; the graph has {listed(known)}.")
    return name
