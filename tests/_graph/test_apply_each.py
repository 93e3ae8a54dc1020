"""A function applied to each value of a dict or a list."""

from __future__ import annotations

import pytest
import torch

import graphmp as gm


def test_dicts_lists_and_single_values() -> None:
    features = {"a": torch.tensor([-1.0, 2.0]), "b": torch.tensor([3.0])}
    assert {k: v.tolist() for k, v in gm.apply_each(features, torch.relu).items()} == {
        "a": [0.0, 2.0],
        "b": [3.0],
    }
    assert gm.apply_each(torch.nn.ParameterDict(features), torch.numel) == {"a": 2, "b": 1}
    assert gm.apply_each((1, 2), pow, 2) == [1, 4]
    assert gm.apply_each(["3"], int, base=8) == [3]
    assert gm.apply_each("12", int) == 12
    assert gm.apply_each(torch.tensor([1, 2]), torch.numel) == 2


def test_something_that_is_no_function_is_refused() -> None:
    with pytest.raises(gm.GraphTypeError, match="fn to be a function"):
        gm.apply_each([1], 2)  # type: ignore[arg-type]
