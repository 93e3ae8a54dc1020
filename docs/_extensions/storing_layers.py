"""The layers that store messages; a test measures every layer."""

# A tensor of about edges × features, forward or backward, beyond what the edges carry.
STORING = frozenset({"DGNConv", "EGNNConv", "GINEConv", "GatedGCNConv", "NNConv", "PNAConv"})
# Only with one argument.
STORING_WITH = {"EdgeConv": "batch_norm", "SAGEConv": "lstm"}
