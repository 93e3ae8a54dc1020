"""The programs in DGL's user guide run, with `dgl` answered by graphmp.

The environment variable DGL_SOURCE names a checkout of DGL 2.1 or later, whose pages are read. The
table has the blocks that DGL 2.1 runs on a CPU without a network, by the digests of their texts,
but not those that need `dgl.graphbolt` or `dgl.distributed`. All other blocks are tried, too: those
of another version, for a GPU, or with names that the guide does not define. What becomes of them is
printed (`pytest -rP`), and fails no test. `support.dgl_guide` says how the table is made.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.dgl_guide import OtherText, Result, run

RUN_BY_DGL = {
    "graph-graphs-nodes-edges": "b17bf46e cf883d3e eb33a8e6",
    "graph-feature": "deceaf04 67ccc470",
    "graph-external": "4b23425e 692ef489",
    "graph-heterogeneous": """
        f173f4d0 8d38fa48 6f4f261c e5d392d5 b54f06d8 d1f5896c 41db78c8 8f789d4d 1e2dc5c9
        21f4bb45
    """,
    "message-api": "c262d808 7e3552a1 4ac9050d",
    "nn-construction": "04c43719 11113844",
    "nn-forward": "66cc4ce5 c02596b6",
    "nn-heterograph": "18d3aaf6 6a2bc2b0",
    "data-dataset": "cf4d95b1",
    "data-download": "4851b670 a167a73b",
    "data-process": "85ba0e3d 44c13a43 f313f2b8 1906fe3d",
    "data-savenload": "3fd94c13",
    "data-loadcsv": "537ad6c9 233c1224 d8e9015e 8e7f77bf 29f46393 c2e02225",
    "training": "24ddb0a7 4f8acbc3",
    "training-node": """
        3f33a0be 2fc8a6f6 bb60e285 8db68f8c 791f29ca f6374ed1 c93e90c3 3d0d04e1
    """,
    "training-edge": """
        e1593916 5bec5821 00469109 c21a99f8 d7e6848a 567e6094 425d277a d8fadc10 bc8412c5
        3e769300 4a1902bf a652a72d 10db5e93 6282676b 62081df8
    """,
    "training-link": """
        5e90a196 98012f94 d4706566 4151f691 5ac171ea 2b3cab96 760660b3 0769ec35 83e096e4
    """,
    "training-graph": """
        550c99f0 dc24cb13 53742231 722930af ca1939c2 e5901ab0 fd00451c 7a0125db
    """,
    "training-eweight": "a8990d7d",
    "minibatch-node": "689f4a52 195eea1f 40f26db8",
    "minibatch-edge": "753229ba d73f335a 4e1c7252 40f26db8 1fbf6f5e",
    "minibatch-link": "62fa6e20 10608ea0",
    "minibatch-custom-sampler": "4996cb98",
    "minibatch-sparse": "6a3aa7b1",
    "minibatch-nn": "157ac7e8 0611938d 028a5587 c6f1ee94 c3b2d098",
    "minibatch-inference": "35c23431",
    "distributed-apis": "ffad41de",
    "mixed_precision": "4ea5fdbc fabb1a73 8d438715 be35e5ef",
}
# DGL prints something else than the page here, too.
OTHER_TEXT = {"233c1224", "d8e9015e", "8e7f77bf"}
CHAPTERS = [
    "graph",
    "message",
    "nn",
    "data",
    "training",
    "minibatch",
    "distributed",
    "mixed_precision",
]


@pytest.fixture
def guide() -> Path:
    """The folder of the guide's pages."""
    checkout = os.environ.get("DGL_SOURCE")
    if not checkout:
        pytest.skip("needs DGL's user guide: name a checkout of DGL 2.1 or later in DGL_SOURCE")
    return Path(checkout).resolve() / "docs" / "source" / "guide"


def is_listed(result: Result) -> bool:
    """Whether DGL runs a block."""
    return result.block.digest in RUN_BY_DGL.get(result.block.page, "").split()


def failures(result: Result) -> list[Exception]:
    """The errors of a block, but for texts that DGL does not print either."""
    may_differ = result.block.digest in OTHER_TEXT
    return [each for each in result.errors if not (may_differ and isinstance(each, OtherText))]


@pytest.mark.filterwarnings("ignore:`torch.cuda.amp:FutureWarning")  # which the guide calls
@pytest.mark.filterwarnings("ignore:torch.cuda.amp:UserWarning")
@pytest.mark.usefixtures("answered")
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_blocks_of_a_chapter_that_dgl_runs_run(
    chapter: str, guide: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DGL_DOWNLOAD_DIR", str(tmp_path))
    monkeypatch.setenv("GRAPHMP_DATA", str(data_dir))
    results = list(run(guide, chapter))
    for (page, digest, _), errors in results:
        print(page, digest, repr(errors[0]) if errors else "runs")
    listed = [result for result in results if is_listed(result)]
    assert listed, f"expected a checkout of DGL 2.1 or later in DGL_SOURCE, got {guide}"
    assert [result for result in listed if failures(result) and not result.missing()] == []
    packages = {name for result in listed for name in result.missing()}
    if packages:
        pytest.skip(f"{chapter} needs packages: pip install {' '.join(sorted(packages))}")
