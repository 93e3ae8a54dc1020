"""`python -m graphmp.compat` runs programs for DGL as `python` would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import graphmp as gm
from graphmp.compat.__main__ import command, main

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, sys
import dgl
import dgl.nn.pytorch as dglnn
import torch.multiprocessing as mp

def work(rank, folder):
    from dgl.nn import GATConv
    with open(f"{folder}/{rank}", "w") as file:
        file.write(f"{dgl.__version__} {GATConv is dglnn.GATConv}")

if __name__ == "__main__":
    main = sys.modules["__main__"]
    assert main.work is work and main.__spec__ is None and main.__file__ == __file__
    mp.spawn(work, args=(sys.argv[1],), nprocs=1)
    print(json.dumps([sys.argv, sys.path[0], __file__]))
    sys.exit(3)
"""


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program for DGL in a folder."""
    command = [sys.executable, "-W", "error", "-m", "graphmp.compat", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("options", "remaining"),
    [
        (["-m", "graphmp.compat"], []),
        (["-mgraphmp.compat"], []),
        (["-X", "dev", "-um", "graphmp.compat"], ["-X", "dev", "-u"]),
    ],
)
def test_the_options_of_python_remain(
    options: list[str], remaining: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = ["-m", "program", "-m", "graphmp.compat"]
    monkeypatch.setattr(sys, "orig_argv", ["python", *options, *program])
    monkeypatch.setattr(sys, "argv", ["__main__.py", *program])
    assert command() == [sys.executable, *remaining, *program]


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_without_a_program_the_usage_is_printed(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["graphmp.compat", *arguments])
    main()
    assert "python -m graphmp.compat program.py" in capsys.readouterr().out


def test_python_has_to_read_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["__main__.py", "program.py"])
    monkeypatch.setattr(sys, "flags", SimpleNamespace(ignore_environment=1))
    with pytest.raises(gm.GraphRuntimeError, match="got the option -E or -I"):
        main()


@pytest.mark.program
def test_a_script_runs_with_its_arguments_its_workers_and_its_exit_code(tmp_path: Path) -> None:
    program = tmp_path / "inner" / "program.py"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    done = run("inner/program.py", str(tmp_path), "-x", folder=tmp_path)
    assert done.returncode == 3, done.stderr
    argv, path, file = json.loads(done.stdout)
    assert argv == ["inner/program.py", str(tmp_path), "-x"]
    assert (path, file) == (str(program.parent), str(program))
    assert (tmp_path / "0").read_text() == "2.1.0 True"


@pytest.mark.program
def test_an_error_has_the_traceback_of_the_program_alone(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("from dgl.dataloading import GPUCache\n")
    done = run("program.py", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert "graphmp.compat" not in done.stderr.partition("program.py")[0]
    assert "GraphImportError: Expected a name that graphmp has" in done.stderr


@pytest.mark.program
def test_a_module_and_code_run_as_well(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("import sys, dgl; print(sys.argv[1:], __name__)")
    assert run("-m", "program", "a", folder=tmp_path).stdout == "['a'] __main__\n"
    code = "import sys, dgl; print(sys.argv, sys.warnoptions)"
    assert run("-c", code, "b", folder=tmp_path).stdout == "['-c', 'b'] ['error']\n"


SHARING = """
import torch, torch.distributed as dist
import dgl.multiprocessing as mp

def work(rank, file, results):
    dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2)
    shared = mp.call_once_and_share(lambda: torch.full((2, 3), float(rank)), (2, 3), torch.float32)
    shared[rank] += 1 + rank
    dist.barrier()
    results.put(shared.sum().item())
    dist.destroy_process_group()

if __name__ == "__main__":
    import sys
    results = mp.Queue()
    processes = [mp.Process(target=work, args=(rank, sys.argv[1], results)) for rank in range(2)]
    for process in processes:
        process.start()
    print([results.get() for _ in processes])
    for process in processes:
        process.join()
"""


@pytest.mark.program
def test_processes_share_a_tensor(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(SHARING)
    done = run("program.py", str(tmp_path / "store"), folder=tmp_path)
    assert done.stdout == "[9.0, 9.0]\n", done.stderr
