"""Datasets of many graphs.

Files:
    ba_2motifs: Graphs with one of two motifs.
    benchmarking: CLUSTER, PATTERN and ZINC.
    cora_binary: Cora in pairs of classes.
    fake_news: How articles spread.
    gin: Graph classification sets in the GIN text format.
    molecules: QM7b and QM9.
    peptides: Peptides of the Long Range Graph Benchmark.
    ppi: Proteins of tissues.
    sst: Trees of sentences.
    superpixels: Images as graphs.
    tu: The TU Dortmund collection.
"""
