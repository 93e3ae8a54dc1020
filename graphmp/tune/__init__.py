"""Settings of the machine that make programs faster; ``python -m graphmp.tune`` proposes them.

Files:
    __main__: The command.
    advice: The settings that are worth their cost, in words.
    machine: Cores, memory, versions, backends and caches, as a program sees them.
    memory: Freed memory, kept for the next tensors.
    report: What the command prints.
    trial: A small training epoch, measured in new processes with other settings.
    warm: Common loops, compiled ahead in parallel processes.
"""

from .memory import keep_memory, release_memory

__all__ = ["keep_memory", "release_memory"]
