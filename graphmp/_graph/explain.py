"""What becomes of functions of one's own: :func:`explain`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import torch

from .. import _checks
from .._message_passing.recording import notes
from .._message_passing.recording.fusion import fuse_functions, why_not
from .._message_passing.recording.notes import Note
from .._storage.preview import table_html
from ..errors import GraphTypeError
from .verbs import Verbs

G = TypeVar("G", bound=Verbs)

_PLACES = {
    "nodes": "at the nodes",
    "kernel": "in a kernel",
    "edges": "stored at the edges",
    "parts": "for some nodes at once",
    "buckets": "for each in-degree",
}


class Explanation:
    """What became of the functions of a call, step by step.

    Attributes:
        steps: in the order in which they ran.
        num_edges: the edges of the call.
    """

    def __init__(self, steps: Sequence[Note], num_edges: int, why_not: str | None = None) -> None:
        """Explain a call that ran; ``why_not`` is why a call outside of this would not be fused."""
        self.steps, self.num_edges, self._why_not = tuple(steps), num_edges, why_not

    @property
    def is_fused(self) -> bool:
        """Whether all of it was recorded: no step has a reason why it was not."""
        return not any(step.reason for step in self.steps)

    @property
    def bytes_at_edges(self) -> int:
        """The bytes that are stored at the edges because they are not computed in a kernel."""
        return sum(step.num_bytes for step in self.steps if step.place == "edges")

    def _rows(self) -> list[tuple[str, str, str, str, str]]:
        return [
            (
                f"#{number}",
                _PLACES[step.place],
                step.text,
                f"{step.num_bytes / 2**20:,.2f} MiB" if step.num_bytes else "",
                f"{step.line}: {step.reason}".strip(": ") if step.reason else step.line,
            )
            for number, step in enumerate(self.steps, 1)
        ]

    def __str__(self) -> str:
        lines = [
            f"{number:>3} {where:<20} {text}" + "".join(f"  [{part}]" for part in rest if part)
            for number, where, text, *rest in self._rows()
        ]
        return "\n".join([self._summary(), *lines])

    def _summary(self) -> str:
        part, size = "" if self.is_fused else " in part", self.bytes_at_edges / 2**20
        stored = f"; {size:,.2f} MiB stored at them" if size else ""
        text = f"Fused{part} over {self.num_edges:,} edges{stored}."
        if self._why_not is not None:
            text += f" Outside of explain they run as they are: {self._why_not}."
        return text

    def __repr__(self) -> str:
        return f"Explanation(steps={len(self.steps)}, is_fused={self.is_fused})"

    def _repr_html_(self) -> str:
        """The HTML that a notebook shows."""
        header = ["step", "computed", "what", "writes", "where, and why"]
        return f"<p>{self._summary()}</p>{table_html(header, self._rows())}"


def explain(graph: G, message_func: Any, reduce_func: Any = None, etype: Any = None) -> Explanation:
    """Run message and reduce functions once, and explain what became of them.

    Predictions of a model are explained by the classes of :mod:`graphmp.nn`, such as
    :class:`~graphmp.nn.GNNExplainer`.

    The functions run as in :meth:`Graph.update_all`, or without ``reduce_func`` as in
    :meth:`Graph.apply_edges`, in a scope of their own and without gradients, and recorded however
    small the graph is. What they do beside computing happens: they draw random numbers, and a batch
    norm counts.

    Args:
        graph: a graph that has the features that the functions read.
        message_func: a builtin, or a function of :class:`~graphmp.EdgeBatch`.
        reduce_func: a builtin, or a function of :class:`~graphmp.NodeBatch`; None for no reduction.
        etype: the edge type; not needed when there is one.

    Returns:
        The explanation: print it, or show it in a notebook.

    Raises:
        GraphTypeError: something that is no graph, or no function.

    Example:
        >>> import torch, graphmp as gm, graphmp.function as fn
        >>> g = gm.graph(([0, 1, 2], [2, 2, 0]))
        >>> g.ndata["x"] = torch.ones(3, 4)
        >>> def message(edges):
        ...     return {"m": torch.relu(edges.src["x"] - edges.dst["x"])}
        >>> explanation = gm.explain(g, message, fn.sum("m", "y"))
        >>> explanation.is_fused
        True
        >>> explanation.steps[0].text
        "sum(relu(src['x'] - dst['x'])) over in-edges"
    """
    if not isinstance(graph, Verbs):
        raise GraphTypeError(
            f"graph: expected a Graph, got {_checks.kind(graph)}; write explain(graph, message, "
            "reduce)."
        )
    meta = graph._meta
    etypes = meta.canonical_etypes if etype is None else [meta.etype(etype)]
    num_edges = sum(graph.adjacencies[name].num_edges for name in etypes)
    reason = why_not(num_edges, graph.device)
    with graph.local_scope(), fuse_functions(check=False), torch.no_grad(), notes.taken() as steps:  # type: ignore[attr-defined]
        if reduce_func is None:
            graph.apply_edges(message_func, etype=etype)
        else:
            graph.update_all(message_func, reduce_func, etype=etype)
    return Explanation(steps, num_edges, reason)
