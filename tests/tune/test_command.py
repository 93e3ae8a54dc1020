"""``python -m graphmp.tune``, run as users run it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from graphmp.errors import GraphRuntimeError
from graphmp.tune import trial
from graphmp.tune.__main__ import main

ROOT = Path(__file__).resolve().parents[2]

# A step of each layer, of sizes for which rows need several tiles; prints what was compiled.
STEPS = """
import torch, graphmp as gm
from numba.core.event import RecordingListener, register
compilations = RecordingListener()
register("numba:compile", compilations)
for ids in (torch.int64, torch.int32):
    g = gm.add_self_loop(gm.rand_graph(300, 1500, idtype=ids))
    for size, heads in ((40, 1), (16, 4), (8, 8)):
        layers = [
            gm.nn.GraphConv(16, size),
            gm.nn.SAGEConv(16, size, "mean"),
            gm.nn.GATConv(16, size, heads, feat_drop=0.5, attn_drop=0.5),
        ]
        for layer in layers:
            x = torch.randn(300, 16, requires_grad=True)
            torch.autograd.backward(layer(g, x).sum())
print([event.data["dispatcher"].__name__ for _, event in compilations.buffer])
"""


def run(*command: str, cache: Path) -> subprocess.CompletedProcess[str]:
    """Run Python, whose compiled loops are kept in a folder."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.program
@pytest.mark.loops
def test_after_warming_nothing_is_compiled(tmp_path: Path) -> None:
    pytest.importorskip("numba", reason="needs Numba: pip install numba")
    pytest.importorskip("tqdm", reason="needs tqdm: pip install tqdm")
    done = run("-m", "graphmp.tune", "--warm", cache=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "50/50" in done.stderr
    assert done.stdout.startswith("Compiled in ")
    assert str(tmp_path) in done.stdout
    done = run("-c", STEPS, cache=tmp_path)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The settings of the trials, none of which is run."""
    log: list[dict[str, str]] = []

    def run(trials: dict[str, dict[str, str]]) -> dict[str, trial.Epoch]:
        log.extend(trials.values())
        return dict.fromkeys(trials, trial.Epoch(0.5, 0.75, 10.0, 500.0))

    monkeypatch.setattr("graphmp.tune.__main__.run", run)
    return log


def test_the_command_prints_a_report(
    measured: list[dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    main([])
    printed = capsys.readouterr().out
    assert printed.startswith("cores ")
    assert printed.count("500 MB") == len(measured)
    assert measured[0] == {}


def test_the_command_prints_json(
    measured: list[dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--json"])
    report = json.loads(capsys.readouterr().out)
    assert report["epochs"]["as it is"] == {"wall": 0.5, "cpu": 0.75, "faults": 10, "peak": 500}
    assert set(report) > {"cores", "memory", "threads", "backends", "cache", "advice"}


def test_the_help_names_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    printed = capsys.readouterr().out
    assert "--json" in printed
    assert "--warm" in printed


@pytest.mark.program
def test_trials_measure_epochs_in_two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    large = {"THP_MEM_ALLOC_ENABLE": "1"}
    trials = {"kept": trial.KEPT, "now": {}, "large": large, "one": {trial.THREADS: "1"}}
    processes: list[list[dict[str, str]]] = []
    start = trial._in_process

    def in_process(at_start: dict[str, str], each: list[dict[str, str]]) -> list[trial.Epoch]:
        processes.append(each)
        return start(at_start, each)

    monkeypatch.setattr(trial, "_in_process", in_process)
    epochs = trial.run(trials)
    assert processes == [[{}, {trial.THREADS: "1"}, trial.KEPT], [large]]
    assert list(epochs) == list(trials)
    for epoch in epochs.values():
        assert epoch.cpu > 0
        assert epoch.peak > 100 or trial.resource is None
    assert epochs["one"].cpu <= 1.5 * epochs["one"].wall + 1
    if platform.libc_ver()[0] == "glibc":
        assert epochs["kept"].faults < epochs["now"].faults / 2


@pytest.mark.program
def test_a_trial_that_fails_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GraphRuntimeError, match="exit status 1; mend the error above"):
        trial.run({"fails": {"PYTHONHOME": str(tmp_path)}})
