"""``python -m graphmp.tune`` says which settings of the environment are worth their cost here.

It looks at the machine and trains a small model with several settings, in two processes; on two
free cores it takes about ten seconds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict

from .advice import advise, trials
from .machine import cache, cores, describe
from .report import cache_line, text
from .trial import run
from .warm import warm


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command.

    Args:
        arguments: those of the command line, if None.
    """
    options = parser().parse_args(arguments)
    if options.warm:
        _compile()
        return
    machine = describe()
    settings = trials(machine)
    epochs = run(settings)
    proposals = advise(machine, settings, epochs)
    if options.json:
        measured = {name: asdict(epoch) for name, epoch in epochs.items()}
        advice = [proposal._asdict() for proposal in proposals]
        print(json.dumps({**machine, "epochs": measured, "advice": advice}, indent=2))
    else:
        print(text(machine, epochs, proposals))


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    command = argparse.ArgumentParser(
        "python -m graphmp.tune", description=__doc__.replace("`", "")
    )
    choice = command.add_mutually_exclusive_group()
    choice.add_argument("--json", action="store_true", help="print JSON instead of text")
    choice.add_argument(
        "--warm",
        action="store_true",
        help="measure nothing; compile the loops of GraphConv, SAGEConv and GATConv on all cores",
    )
    return command


def _compile() -> None:
    start = time.perf_counter()
    warm(cores()["usable"])
    print(f"Compiled in {time.perf_counter() - start:.0f} s; {cache_line(cache())}")


if __name__ == "__main__":
    main()
