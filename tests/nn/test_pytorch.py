from __future__ import annotations

import importlib
import pickle

import pytest

import graphmp as gm


def test_the_name_that_dgl_has_for_the_layers_is_another_name_for_them() -> None:
    import graphmp.nn.pytorch as dglnn

    assert dglnn.GraphConv is gm.nn.GraphConv
    assert dglnn.functional.edge_softmax is gm.ops.edge_softmax
    assert set(gm.nn.__all__) <= set(dir(dglnn))
    assert gm.nn.pytorch is dglnn


def test_names_can_be_imported_from_it() -> None:
    from graphmp.nn.pytorch import HeteroGraphConv

    assert HeteroGraphConv is gm.nn.HeteroGraphConv
    names: dict[str, object] = {}
    exec("from graphmp.nn.pytorch import *", names)
    assert names["GATConv"] is gm.nn.GATConv


def test_pooling_layers_have_the_name_of_their_module_too() -> None:
    import graphmp.nn.pytorch as dglnn
    from graphmp.nn.pytorch import glob

    assert dglnn.glob is glob
    assert dglnn.glob.SumPooling is gm.nn.SumPooling
    assert set(glob.__all__) <= set(gm.nn.__all__)


def test_an_unknown_name_is_an_error() -> None:
    dglnn = importlib.import_module("graphmp.nn.pytorch")
    with pytest.raises(AttributeError, match=r"got NoConv\. Did you mean NNConv"):
        _ = dglnn.NoConv
    with pytest.raises(AttributeError, match="has no attribute '__wrapped__'"):
        _ = dglnn.__wrapped__


def test_layers_made_by_that_name_can_be_pickled() -> None:
    layer = importlib.import_module("graphmp.nn.pytorch").GINConv()
    assert isinstance(pickle.loads(pickle.dumps(layer)), gm.nn.GINConv)
