"""DGL's name for the pooling layers of :mod:`graphmp.nn`."""

from ..global_attention_pooling import GlobalAttentionPooling
from ..pooling import AvgPooling, MaxPooling, SumPooling
from ..set2set import Set2Set
from ..sort_pooling import SortPooling
from ..weight_and_sum import WeightAndSum

__all__ = [
    "AvgPooling",
    "GlobalAttentionPooling",
    "MaxPooling",
    "Set2Set",
    "SortPooling",
    "SumPooling",
    "WeightAndSum",
]
