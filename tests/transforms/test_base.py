"""Transforms as objects, alone and one after the other."""

from __future__ import annotations

import pytest

import graphmp as gm
from graphmp import transforms as T


def test_transforms_come_one_after_the_other() -> None:
    both = gm.Compose([gm.add_self_loop, gm.DropEdge(1.0), gm.DropNode(0.0)])
    assert both(gm.graph(([0], [1]))).num_edges() == 0
    shown = repr(gm.Compose([gm.DropEdge(), gm.DropNode()]))
    assert shown == "Compose([\n  DropEdge(),\n  DropNode()\n])"


def test_a_transform_of_ones_own_says_what_it_lacks() -> None:
    class Nothing(T.BaseTransform):
        pass

    with pytest.raises(TypeError, match="__call__"):
        Nothing()  # type: ignore[abstract]
