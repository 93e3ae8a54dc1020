"""Docstrings and annotations, as the reference shows them."""

from __future__ import annotations

import re
from inspect import getdoc
from pkgutil import resolve_name
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.ext.autosummary import Autosummary

import graphmp

# A star that stands for any dimensions of a shape: (E, *) or (E, *feature).
_STAR = re.compile(r"(?<=\()\*(?=[\w,)])|(?<=, )\*(?=[\w,)])")
# Several attributes that share a description, which must not look like a type and a name.
_SEVERAL = re.compile(r"^    \w+(?:, \w+)+(?=:)")
_COLON = "\u2236 "
# Where the part of a docstring begins that is for those who change the code.
_INTERNAL = (
    "Files:",
    "Attributes, methods and functions bound as methods, by where they are defined:",
    "Methods, by the file that defines them:",
)
# The subjects of Graph's methods, by the files that its docstring lists; the others are for layers.
_SUBJECTS = {
    "Structure": ("state", "structure"),
    "Queries": ("queries", "describe"),
    "Features": ("features", "feature_storage"),
    "Message passing": ("verbs", "propagation"),
    "Changing a graph": ("mutation",),
    "Derived graphs": ("self_loops", "reverse", "simple", "line", "reorder"),
    "Subgraphs": ("subgraph", "neighbourhood", "type_subgraph"),
    "Sampling": ("sampling",),
    "Batches": ("batch_info",),
    "Devices, dtypes and layouts": ("conversion",),
    "Matrices and other libraries": ("export",),
}
_LISTED = re.compile(r"^(\w+): ((?:[^:]|\n)+)\.$", re.MULTILINE)
_NOT_CONSTRUCTED = ("graphmp.Graph", "graphmp.EdgeBatch", "graphmp.NodeBatch")
_PUBLIC_MODULES = (
    *("graphmp", "graphmp.nn", "graphmp.data", "graphmp.dataloading", "graphmp.sampling"),
    *("graphmp.ops", "graphmp.sparse", "graphmp.io", "graphmp.function", "graphmp.transforms"),
    *("graphmp.nn.optim", "graphmp.nn.functional", "graphmp.init"),
)
# Where other projects define what they document elsewhere.
_MOVED = {
    "Tensor": "torch.Tensor",
    "nn.Module": "torch.nn.Module",
    "nn.Parameter": "torch.nn.Parameter",
    "torch.nn.modules.module.Module": "torch.nn.Module",
    "torch.nn.modules.dropout.Dropout": "torch.nn.Dropout",
    "torch.nn.modules.linear.Linear": "torch.nn.Linear",
    "torch.nn.modules.container.Sequential": "torch.nn.Sequential",
    "torch.nn.parameter.Parameter": "torch.nn.Parameter",
    "torch.optim.optimizer.Optimizer": "torch.optim.Optimizer",
    "torch.utils.data.dataset.Dataset": "torch.utils.data.Dataset",
    "torch.utils.data.dataset.Subset": "torch.utils.data.Subset",
    "torch.cuda.streams.Stream": "torch.cuda.Stream",
    "torch.nn.modules.container.ModuleDict": "torch.nn.ModuleDict",
    "torch.utils.data.dataloader.DataLoader": "torch.utils.data.DataLoader",
    "torch._C.Generator": "torch.Generator",
    "nn.BatchNorm1d": "torch.nn.BatchNorm1d",
    "numpy.random.mtrand.RandomState": "numpy.random.RandomState",
}


def prepare(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Prepare a docstring for napoleon."""
    del app, value, options
    if what == "property":  # napoleon would take what precedes a colon as the type
        lines[0] = lines[0].replace(": ", _COLON)
    for start in _INTERNAL:
        if start in lines:
            at = lines.index(start)
            listed = "\n".join(lines[at + 1 :])
            lines[at:] = tables_by_subject(listed) if name == "graphmp.Graph" else []
    lines[:] = [
        _SEVERAL.sub(lambda names: names[0].replace(", ", ","), _STAR.sub(r"\\*", line))
        for line in lines
    ]


def tables_by_subject(listed: str) -> list[str]:
    """The tables of Graph's members, as lines of reStructuredText.

    Args:
        listed: the list in its docstring, a paragraph for each file.
    """
    files = {match[1]: " ".join(match[2].split()).split(", ") for match in _LISTED.finditer(listed)}
    lines = []
    for subject, parts in _SUBJECTS.items():
        names = [name for part in parts for name in files.pop(part)]
        lines += [f".. rubric:: {subject}", "", ".. autosummary::", "   :nosignatures:", ""]
        documented = [name for name in names if getdoc(getattr(graphmp.Graph, name, None))]
        lines += [f"   Graph.{name}" for name in documented]
        lines.append("")
    if set(files) != {"arguments"}:
        raise ExtensionError(
            f"Expected a subject for each file of Graph, got none for {set(files)}."
        )
    return lines


def finish(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Take back what was only for napoleon."""
    del app, what, name, value, options
    lines[:] = [line.replace(_COLON, ": ") for line in lines]


def show_public_bases(app: Sphinx, name: str, value: Any, options: Any, bases: list[Any]) -> None:
    """Show the public classes that a class derives from, and not those in between."""
    del app, name, options
    public = [base for base in value.__mro__[1:] if _is_public(base)]
    direct = [
        base
        for base in public
        if base is not object and not any(base in other.__mro__[1:] for other in public)
    ]
    bases[:] = direct or [object]


def _is_public(base: type) -> bool:
    if not base.__module__.startswith("graphmp"):
        return "_" not in (base.__name__[0], base.__module__[0]) and base.__module__ != "typing"
    return bool(public_names(f"{base.__module__}.{base.__name__}"))


def hide_constructor(
    app: Sphinx, what: str, name: str, value: Any, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """Hide the arguments of classes that users do not construct."""
    del app, what, value, options, signature, returns
    return ("", "") if name in _NOT_CONSTRUCTED else None


def skip(app: Sphinx, what: str, name: str, value: Any, skipped: bool, options: Any) -> bool | None:
    """Leave out methods that torch calls, and those that programs for DGL need."""
    del app, what, skipped, options
    is_added = getattr(value, "__module__", None) or ""  # by graphmp.compat, to classes
    return True if name == "extra_repr" or is_added.startswith("graphmp.compat") else None


def hide_object(app: Sphinx, domain: str, objtype: str, content: addnodes.desc_content) -> None:
    """Hide that a class derives from ``object`` alone."""
    del app, domain, objtype
    first = next(iter(content.children), None)
    if isinstance(first, nodes.paragraph) and first.astext() == "Bases: object":
        content.remove(first)


def public_names(target: str) -> list[str]:
    """The names by which users import an object that is named where it is defined."""
    name = target.rpartition(".")[2]
    names = []
    for module in _PUBLIC_MODULES:
        value: Any = graphmp
        for part in module.split(".")[1:]:
            value = getattr(value, part)
        if name in getattr(value, "__all__", ()):
            names.append(f"{module}.{name}")
    return names


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.Element
) -> nodes.Element | None:
    """Resolve names by which objects are not documented; private ones become plain text."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    if target in _MOVED:
        moved = node.deepcopy()
        moved["reftarget"] = _MOVED[target]
        result = app.emit_firstresult("missing-reference", env, moved, contnode)
        return result if isinstance(result, nodes.Element) else None
    if "." in target and not target.startswith("graphmp."):
        return None
    kind = "obj" if node["reftype"] == "class" else node["reftype"]
    names = public_names(target)
    for name in names:
        python = env.domains["py"]
        page = node["refdoc"]
        reference = python.resolve_xref(env, page, app.builder, kind, name, node, contnode)
        if reference is not None:
            return reference
    is_private = target.startswith("graphmp.") and not names
    return nodes.literal(text=contnode.astext()) if is_private else None


class Summaries(Autosummary):
    """The tables of the reference; a second name of a class says whose it is."""

    def get_items(self, names: list[str]) -> list[tuple[str, str | None, str, str]]:
        """The rows: names, signatures, summaries and whole names."""
        rows = super().get_items(names)
        return [(*row[:2], row[2] or _second_name(row[3]), row[3]) for row in rows]


def _second_name(whole: str) -> str:
    value = resolve_name(whole)
    is_class = isinstance(value, type) and value.__name__ != whole.rpartition(".")[2]
    return f"Another name of :class:`~{value.__module__}.{value.__name__}`." if is_class else ""


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("autosummary", Summaries, override=True)
    app.connect("autodoc-process-docstring", prepare, priority=400)  # before napoleon
    app.connect("autodoc-process-docstring", finish, priority=600)
    app.connect("autodoc-process-bases", show_public_bases)
    app.connect("autodoc-process-signature", hide_constructor)
    app.connect("autodoc-skip-member", skip)
    app.connect("object-description-transform", hide_object)
    app.connect("missing-reference", resolve, priority=600)
    return {"parallel_read_safe": True}
