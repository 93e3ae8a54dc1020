"""DGL's modules, whose names are graphmp's objects."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import Distribution, DistributionFinder
from os import PathLike
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from ..errors import (
    GraphAttributeError,
    GraphImportError,
    GraphModuleNotFoundError,
    GraphRuntimeError,
)
from .missing import missing
from .table import Module, advice, modules

__all__ = ["FOLDER", "VERSION", "as_dgl", "install"]

FOLDER = Path(__file__).parent / "importable"  # holds a package `dgl`, which calls install()
VERSION = "2.1.0"
_PATH = "graphmp.compat:"  # begins the path of each module; its name follows


class _Alias(ModuleType):
    """One of DGL's modules: looks its names up in graphmp at their first use."""

    def __init__(self, module: Module) -> None:
        super().__init__(module.name, f"{module.name}, answered by graphmp.")
        self.__path__ = [_PATH + module.name]
        self.__file__ = str(FOLDER / "dgl" / "__init__.py")
        self.__spec__ = FINDER.find_spec(module.name, None)
        self.__all__ = module.available
        self._module = module

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        try:
            value = self._look_up(name)
        except GraphAttributeError as error:
            raise missing(str(error), name, sys._getframe(1)) from None
        setattr(self, name, value)
        return value

    def _look_up(self, name: str) -> Any:
        """A public name, else a module inside this one, else any other name of the homes."""
        inner = None if name in self.__all__ else sys.modules.get(f"{self.__name__}.{name}")
        return self._module.get(name) if inner is None else inner

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.__all__, *_inside(self.__name__)})


class _Folder:
    """What ``pkgutil`` lists modules from: the path of a module names it."""

    def __init__(self, path: str) -> None:
        if not path.startswith(_PATH):
            raise GraphImportError(f"Expected the path of a module of DGL, got {path}.")
        self._module = path.removeprefix(_PATH)

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> None:
        """Find nothing, as all modules have been imported."""

    def iter_modules(self, prefix: str = "") -> Iterator[tuple[str, bool]]:
        """The names of the modules inside, all of which are packages."""
        return ((prefix + name, True) for name in _inside(self._module))


class _Metadata(Distribution):
    """DGL as an installed distribution, for programs that ask for its version."""

    def read_text(self, filename: str) -> str | None:
        """The file of the name and the version."""
        text = f"Metadata-Version: 2.1\nName: dgl\nVersion: {VERSION}\n"
        return text if filename == "METADATA" else None

    def locate_file(self, path: str | PathLike[str]) -> Path:
        """Where a file of the distribution would be."""
        return FOLDER / path


class _Finder(MetaPathFinder, Loader):
    """Answers imports of DGL's modules."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Answer for a module of DGL; when a missing one is imported, say what to use instead."""
        if _is_module(fullname):
            spec = ModuleSpec(fullname, self, origin="graphmp", is_package=True)
            spec.submodule_search_locations = [_PATH + fullname]
            return spec
        if fullname.startswith("dgl.") and _imports_a_module(sys._getframe(2)):
            raise GraphModuleNotFoundError(advice(fullname), name=fullname)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module of a name."""
        return _Alias(modules()[spec.name])

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: the module is complete."""

    def find_distributions(
        self, context: DistributionFinder.Context | None = None
    ) -> Iterable[Distribution]:
        """DGL, where all distributions or this one are looked for."""
        name = None if context is None else context.name
        return [_Metadata()] if name is None or name.lower() == "dgl" else []


FINDER = _Finder()


def _inside(name: str) -> list[str]:
    """The last names of the modules inside another, sorted."""
    parts = [each.rpartition(".") for each in modules() if _is_module(each)]
    return sorted(last for around, _, last in parts if around == name)


def _is_module(name: str) -> bool:
    """Whether a name is that of a module of DGL of which something is available."""
    return name.startswith("dgl") and name in modules() and not modules()[name].is_absent


def _imports_a_module(frame: FrameType) -> bool:
    """Whether the caller of the finders imports; ``importlib.util.find_spec`` only asks."""
    return bool(frame.f_globals.get("__name__") == "importlib._bootstrap")


def install() -> None:
    """Answer ``import dgl`` and every module in it; doing so again changes nothing."""
    if FINDER in sys.meta_path:
        return
    sys.meta_path.insert(0, FINDER)
    sys.path_hooks.append(_Folder)
    if str(FOLDER) not in sys.path:  # which is what processes inherit that this one starts
        sys.path.insert(1, str(FOLDER))
    sys.modules.update({name: _Alias(modules()[name]) for name in modules() if _is_module(name)})
    for name in modules():  # dgl.nn has the modules of dgl.nn.pytorch, too
        if name.startswith("dgl.nn.pytorch."):
            sys.modules[name.replace(".pytorch", "")] = sys.modules[name]
    sys.modules["dgl"].__version__ = VERSION  # type: ignore[attr-defined]


def as_dgl() -> None:
    """Answer ``import dgl`` with graphmp, in this process and those that it starts.

    The modules of DGL 2.1 that :doc:`Coming from DGL </dgl>` lists can be imported, and their names
    are graphmp's own objects. A name or a module that graphmp does not have raises when it is
    imported or used, and says what to use instead. Calling it again changes nothing.

    Raises:
        GraphRuntimeError: DGL itself has been imported.

    Example:
        >>> import graphmp as gm
        >>> gm.compat.as_dgl()
        >>> import dgl.nn
        >>> dgl.nn.GATConv is gm.nn.GATConv, dgl.__version__
        (True, '2.1.0')
    """
    if not isinstance(sys.modules.get("dgl"), _Alias | None):
        raise GraphRuntimeError(
            "Expected a process without DGL, got one that has imported it; call as_dgl() before "
            "the first import of dgl."
        )
    install()
