"""DGL's name for the pooling layers of :mod:`graphmp.nn`."""

from ..pooling.global_attention_pooling import GlobalAttentionPooling
from ..pooling.set2set import Set2Set
from ..pooling.set_transformer import SetTransformerDecoder, SetTransformerEncoder
from ..pooling.simple import AvgPooling, MaxPooling, SumPooling
from ..pooling.sort_pooling import SortPooling
from ..pooling.weight_and_sum import WeightAndSum

__all__ = [
    "AvgPooling",
    "GlobalAttentionPooling",
    "MaxPooling",
    "Set2Set",
    "SetTransformerDecoder",
    "SetTransformerEncoder",
    "SortPooling",
    "SumPooling",
    "WeightAndSum",
]
