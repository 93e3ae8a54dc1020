"""DGL's names, for programs that import them.

:func:`as_dgl` answers ``import dgl`` and every module in it with graphmp.
``python -m graphmp.compat program.py`` runs a program that way, unchanged.

Files:
    __main__: Runs a program.
    aliases: DGL's modules, whose names are graphmp's objects.
    page: The lists of docs/dgl.md, written from the table.
    table: The table of DGL's names.
"""

from .aliases import as_dgl

__all__ = ["as_dgl"]
