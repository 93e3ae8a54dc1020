"""Every benchmark runs, on a tiny graph, without other libraries; and what a result is worth."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from benchmarks import picture, suite
from benchmarks.cases import OURS, ROOFLINES, Case, Family
from benchmarks.epoch_floor import layers_of
from benchmarks.harness import check, difference
from benchmarks.public_graphs import random_aifb, random_gowalla, random_proteins
from benchmarks.report import DIFFERS, Result, Row, shown, table
from benchmarks.worker import Worker, check_bits, fingerprint

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
SCRIPTS = sorted(
    path.stem
    for path in BENCHMARKS.glob("*.py")
    if "__main__" in path.read_text(encoding="utf-8")
    and path.stem
    not in (
        *("accuracy", "accuracy_half", "package_programs", "packages", "report", "suite"),
        "worker",
    )
)


QUICK = ("--quick", "--only", "graphmp", "--results")


def test_there_are_benchmarks() -> None:
    assert len(SCRIPTS) >= 12


def all_measured(path: Path) -> bool:
    """Whether a results file has a value of graphmp's for each case, and a table and a plot."""
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    values = [row["results"]["graphmp"]["value"] for row in rows]
    files = [path.with_suffix(ending) for ending in (".md", ".png")]
    return bool(values) and None not in values and all(file.stat().st_size for file in files)


@pytest.mark.program
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_benchmark_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = BENCHMARKS / f"{name}.py"
    monkeypatch.setattr(sys, "argv", [str(script), "--here", *QUICK, str(tmp_path)])
    runpy.run_path(str(script), run_name="__main__")
    assert all_measured(tmp_path / f"{name}.json")


@pytest.mark.program
def test_a_library_works_in_a_process_of_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.layouts", *QUICK, str(tmp_path)]
    done = subprocess.run(
        command, cwd=BENCHMARKS.parent, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert all_measured(tmp_path / "layouts.json")


def test_without_a_gpu_the_benchmarks_of_one_end_with_a_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["gpu.py"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(BENCHMARKS / "gpu.py"), run_name="__main__")
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_roofline_of_a_gpu_reads_every_row(dtype: torch.dtype) -> None:
    pytest.importorskip("triton", "3.4", "needs Triton 3.4: pip install 'triton>=3.4'")
    from benchmarks.gather_gpu import gathered

    device = "cuda" if torch.cuda.is_available() else "cpu"
    ids = torch.randint(50, (700,), dtype=torch.int32, generator=torch.Generator().manual_seed(0))
    x = (torch.arange(50 * 64) % 7 - 3).view(50, 64).to(device, dtype)
    found = gathered(ids.to(device), x)().double().sum(0)
    assert torch.equal(found, x.double()[ids.long()].sum(0))


def test_results_that_differ_in_a_bit_are_an_error() -> None:
    one = torch.tensor([1.0, 2.0])
    check_bits((one, None), (one.clone(), None))
    with pytest.raises(ArithmeticError, match="other bits"):
        check_bits(one, torch.tensor([1.0, 2.0000002]))


def test_a_peer_that_computes_something_else_is_an_error() -> None:
    right = fingerprint(torch.tensor([1.0, 2.0, 3.0]))
    assert difference({"fingerprint": right}, {"fingerprint": right}, 1e-3) == ""
    for wrong in (torch.tensor([1.0, 2.0, 4.0]), torch.ones(2), torch.tensor([2.0, 1.0, 3.0])):
        found = difference({"fingerprint": fingerprint(wrong)}, {"fingerprint": right}, 1e-3)
        assert found.startswith(DIFFERS)
        row = Row("case", "graph", {"graphmp": Result(1.0), "peer": Result(note=found)})
        with pytest.raises(SystemExit, match="differs"):
            check([row])


def test_a_goal_is_met_against_every_peer() -> None:
    case = Case("case", goal=10.0, goals={"sparse": 3.0}, of_roofline=0.5)
    times = {"graphmp": 1.0, "DGL": 12.0, "sparse": 4.0, "gather": 0.6}

    def row(**changes: float) -> Row:
        results = {name: Result(value) for name, value in {**times, **changes}.items()}
        return Row.of(case, "graph", results)

    assert (row().best, row().ratio, row().goal, row().met) == ("sparse", 4.0, 3.0, True)
    assert not row(DGL=9.0).met
    assert not row(sparse=2.0).met
    assert not row(gather=0.4).met


def test_a_limit_is_no_peer_and_has_a_column_of_its_own() -> None:
    for limit in ROOFLINES:
        results = {"graphmp": Result(2.0), "DGL": Result(3.0), limit: Result(1.0)}
        row = Row.of(Case("case"), "graph", results)
        assert (row.best, row.ratio, row.of_roofline) == ("DGL", 1.5, 0.5)
        text = table({"rows": [asdict(row)], "machine": "", "title": "", "name": ""})
        assert f"| best peer ÷ graphmp | of {limit} |" in text
        assert "| 1.50 | 50% |" in text


def test_the_memory_of_calls_is_measured_beside_their_time(tmp_path: Path) -> None:
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("needs Linux, which counts the greatest memory of a process")
    from benchmarks import graphs

    size = 1 << 26
    family = Family("f.py", "", [Case("ones")], {OURS: lambda _: lambda: torch.ones(size // 4)})
    worker, path = Worker(family, OURS), tmp_path / "graph.npz"
    graphs.save(graphs.triangle(), path)
    assert "fails" not in worker.answer("prepare", path=str(path), case=0)
    peak = worker.answer("turn", budget_s=0.0)["bytes"]
    assert peak is None or 0.9 * size < peak < 1.5 * size  # None where it cannot be reset


def test_a_cell_shows_time_and_memory() -> None:
    assert shown(Result(0.5, memory=3e6), "ms") == "500 ms, 3 MB"
    assert shown(Result(0.5, memory=10.0), "ms") == "500 ms"
    assert shown(Result(5e6, memory=3e6), "MB") == "5.00 MB"


def test_the_floor_of_an_epoch_has_the_products_and_the_sums_of_its_layers() -> None:
    gcn, pool = layers_of("GCN", 3), layers_of("SAGE pool", 2)
    assert [layer.width for layer in gcn] == [128, 256, 40]
    assert [layer.backward for layer in gcn] == [False, True, True]
    assert [len(layer.products) for layer in pool] == [3, 3]
    assert [layer.backward for layer in pool] == [False, False]


def test_graphs_stand_in_for_data_sets_that_are_absent() -> None:
    for edges in (random_proteins(), random_aifb(), random_gowalla()):
        assert edges.src.dtype == edges.dst.dtype == "int32"
        assert max(edges.src.max(), edges.dst.max()) < edges.num_nodes
        assert all(values.dtype == "int32" for values in edges.more.values())


def test_the_picture_shows_every_family_and_the_text_the_mean(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    results = [{"graphmp": Result(1.0), "DGL": Result(time)} for time in (2.0, 0.5)]
    families = {"one": [Row("case", "graph", each) for each in results]}
    picture.draw(families, tmp_path / picture.NAME)
    assert "one" in (tmp_path / picture.NAME).read_text(encoding="utf-8")
    text = picture.text(families, "")
    assert "Over 2 cases, DGL takes 1.00 times" in text
    assert "0.50: case on graph" in text


def test_all_benchmarks_leave_out_large_graphs_unless_asked() -> None:
    options = suite.parse(["--dgl", "python", "--rounds", "3"])
    words = suite.command("spmm_copy", options)
    assert words[words.index("--rounds") + 1] == "3"
    assert "rmat" in words
    assert not suite.LARGE & set(words)
    assert "--graph" not in suite.command("spmm_copy", suite.parse(["--large"]))
    assert set(options.families) <= {*SCRIPTS}
    assert {*SCRIPTS} - {*options.families} == {"cusparse", "gpu"} & {*SCRIPTS}
