"""The functions of `dgl.backend` that programs import do what DGL's do."""

from __future__ import annotations

import numpy as np
import torch

from graphmp.compat import backend, rows

COUNT = torch.arange(6.0).view(3, 2)


def test_tensors_are_made_of_numbers_arrays_and_tensors() -> None:
    assert backend.tensor(1).tolist() == [1]
    assert backend.tensor([COUNT[0, 0], COUNT[0, 1]]).tolist() == [0, 1]
    assert backend.tensor([COUNT[0, :1], COUNT[0, 1:]]).tolist() == [0, 1]
    assert backend.tensor(np.ones(2), torch.int64).tolist() == [1, 1]
    assert backend.tensor([1, 2], backend.data_type_dict["float32"]).dtype == torch.float32


def test_tensors_are_filled() -> None:
    like = (torch.float32, "cpu")
    assert backend.zeros((2,), *like).tolist() == [0, 0]
    assert backend.ones((2,), *like).tolist() == [1, 1]
    assert backend.empty((2, 0), *like).shape == (2, 0)
    assert backend.full_1d(2, 3, *like).tolist() == [3, 3]
    assert backend.arange(1, 3).tolist() == [1, 2]
    assert backend.uniform((4,), *like, 1, 2).ge(1).all()
    assert backend.randint((4,), torch.int64, "cpu", 5, 6).tolist() == [5] * 4


def test_tensors_are_described() -> None:
    assert backend.shape(COUNT) == (3, 2)
    assert backend.ndim(COUNT) == 2
    assert backend.dtype(COUNT) == torch.float32
    assert backend.context(COUNT) == backend.cpu()
    assert backend.device_type("cuda:1") == "cuda"
    assert [backend.device_id("cuda:1"), backend.device_id("cpu")] == [1, 0]
    assert backend.count_nonzero(COUNT) == 5
    assert backend.as_scalar(COUNT[1, 1]) == 3
    assert not backend.is_pinned(COUNT)


def test_tensors_are_converted() -> None:
    leaf = COUNT.clone().requires_grad_()
    assert backend.asnumpy(leaf).tolist() == COUNT.tolist()
    assert backend.asnumpy(COUNT.to_sparse()).tolist() == COUNT.tolist()
    assert backend.astype(COUNT, torch.int64).dtype == torch.int64
    assert backend.copy_to(COUNT, "meta").device.type == "meta"
    again = backend.zerocopy_from_dlpack(backend.zerocopy_to_dlpack(COUNT))
    assert again.data_ptr() == COUNT.data_ptr()
    backend.sync()


def test_values_are_reduced_and_ordered() -> None:
    assert backend.max(COUNT, 0).tolist() == [4, 5]
    assert backend.min(COUNT, 1).tolist() == [0, 2, 4]
    assert backend.softmax(torch.zeros(2)).tolist() == [0.5, 0.5]
    assert backend.topk(COUNT, 1, 0).tolist() == [[4, 5]]
    assert backend.argtopk(COUNT, 1, 0, descending=False).tolist() == [[0, 0]]
    assert backend.replace_inf_with_zero(torch.tensor([1, torch.inf])).tolist() == [1, 0]
    assert backend.rand_shuffle(COUNT).sum() == COUNT.sum()
    assert backend.allclose(COUNT, COUNT + 5e-5)
    assert backend.equal(COUNT, 0).sum() == 1


def test_rows_are_read_and_written() -> None:
    index, value = torch.tensor([2, 0]), torch.ones(2, 2)
    assert rows.gather_row(COUNT, index.int()).tolist() == [[4, 5], [0, 1]]
    assert rows.narrow_row(COUNT, 1, 2).tolist() == [[2, 3]]
    assert rows.slice_axis(COUNT, 1, 1, 2).tolist() == [[1], [3], [5]]
    assert rows.take(COUNT, index.view(2, 1), 0).tolist() == [[[4, 5]], [[0, 1]]]
    assert rows.scatter_row(COUNT, index, value).tolist() == [[1, 1], [2, 3], [1, 1]]
    target = torch.zeros(3, 2)
    rows.scatter_row_inplace(target, index, value)
    rows.index_add_inplace(target, index, value)
    assert target.tolist() == [[2, 2], [0, 0], [2, 2]]
    assert rows.scatter_add(value, torch.tensor([1, 1]), 2).tolist() == [[0, 0], [2, 2]]
    assert rows.segment_reduce("sum", COUNT, torch.tensor([0, 1, 3])).tolist() == [[0, 1], [6, 8]]
    assert rows.boolean_mask(COUNT, torch.tensor([0, 1, 0])).tolist() == [[2, 3]]
    assert rows.nonzero_1d(torch.tensor([0, 1])).tolist() == [1]


def test_sequences_are_padded_and_packed() -> None:
    padded = rows.pad_packed_tensor(COUNT, [1, 2], -1.0, l_min=3)
    assert padded[..., 0].tolist() == [[0, -1, -1], [2, 4, -1]]
    assert rows.pack_padded_tensor(padded, torch.tensor([1, 2])).tolist() == COUNT.tolist()


def test_gradients_are_attached_and_read() -> None:
    x = backend.attach_grad(COUNT.clone())
    assert backend.is_no_grad(x)
    backend.backward((x * x).sum())
    assert backend.grad(x).tolist() == (2 * COUNT).tolist()  # type: ignore[union-attr]
    assert not backend.is_no_grad(x)
    assert backend.is_no_grad(backend.attach_grad(x))


def test_rows_and_matrices_are_multiplied_by_number() -> None:
    left, matrices = torch.rand(3, 2), torch.rand(3, 2, 4)
    ids, numbers = torch.tensor([2, 0]), torch.tensor([1, 1])
    expected = torch.bmm(left[ids].unsqueeze(1), matrices[numbers]).squeeze(1)
    torch.testing.assert_close(rows.gather_mm(left, matrices, ids, numbers), expected)
    each = torch.bmm(left.unsqueeze(1), matrices).squeeze(1)
    torch.testing.assert_close(rows.gather_mm(left, matrices), each)
