"""JumpingKnowledge: combination of the outputs of several layers."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ..errors import GraphValueError
from ._shared.inputs import in_dtype_of
from ._shared.lstm import run_lstm
from .functional import jumping_knowledge
from .functional.merging import check_mode


class JumpingKnowledge(nn.Module):
    r"""Jumping knowledge.

    From `Representation Learning on Graphs with Jumping Knowledge Networks
    <https://arxiv.org/abs/1806.03536>`__ (Xu et al., ICML 2018).

    - ``"cat"``: :math:`h_v^1 \,\|\, \dots \,\|\, h_v^L`;
    - ``"max"``: the maximum over the layers, by elements;
    - ``"lstm"``: :math:`\sum_l \alpha_v^l h_v^l`, where the :math:`\alpha_v^l` are a softmax over
      the layers of scores that a bidirectional LSTM gives.

    Args:
        mode: ``"cat"``, ``"max"`` or ``"lstm"``.
        in_feats: size of the output of a layer; needed for ``"lstm"``.
        num_layers: the number of layers; needed for ``"lstm"``.

    Attributes:
        lstm: the LSTM, with num_layers * in_feats // 2 hidden numbers; only in ``"lstm"``.
        att: linear map of its states to a score; only in ``"lstm"``.

    Shapes:
        - feat_list: a list of (N, in_feats).
        - output: (N, in_feats); (N, L * in_feats) in ``"cat"``.

    Raises:
        GraphValueError: an unknown mode, or no sizes for ``"lstm"``.

    Example:
        >>> import torch, graphmp as gm
        >>> layers = [torch.ones(3, 2), torch.zeros(3, 2)]
        >>> gm.nn.JumpingKnowledge("cat")(layers).shape
        torch.Size([3, 4])
        >>> gm.nn.JumpingKnowledge("lstm", in_feats=2, num_layers=2)(layers).shape
        torch.Size([3, 2])
    """

    def __init__(
        self, mode: str = "cat", in_feats: int | None = None, num_layers: int | None = None
    ) -> None:
        super().__init__()
        check_mode(mode)
        self.mode = mode
        if mode == "lstm":
            if in_feats is None or num_layers is None:
                raise GraphValueError(
                    "in_feats, num_layers: expected sizes for mode='lstm', got "
                    f"{in_feats} and {num_layers}."
                )
            hidden = num_layers * in_feats // 2
            self.lstm = nn.LSTM(in_feats, hidden, bidirectional=True, batch_first=True)
            self.att = nn.Linear(2 * hidden, 1)

    def reset_parameters(self) -> None:
        """Reset the LSTM and the scores."""
        if self.mode == "lstm":
            self.lstm.reset_parameters()
            self.att.reset_parameters()

    def extra_repr(self) -> str:
        """Show the mode in ``repr``."""
        return f"mode={self.mode}"

    def forward(self, feat_list: Sequence[Tensor]) -> Tensor:
        """Merge.

        Args:
            feat_list: the output of each layer, (N, in_feats).

        Returns:
            (N, in_feats); (N, L * in_feats) in ``"cat"``.

        Raises:
            GraphTypeError: features that are not tensors.
            GraphValueError: no layers, or features of different shapes.
        """
        return jumping_knowledge(feat_list, self.mode, self._score)

    def _score(self, layers: Tensor) -> Tensor:
        """The scores, (N, L, 1), of the outputs, (N, L, in_feats)."""
        layers = in_dtype_of(self.att.weight, layers, "feat_list")
        return self.att(run_lstm(self.lstm, layers)[0])  # type: ignore[no-any-return]
