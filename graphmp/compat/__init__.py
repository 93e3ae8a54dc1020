"""DGL's names, for programs that import them.

Files:
    page: The lists of docs/dgl.md, written from the table.
    table: The table of DGL's names.
"""

from __future__ import annotations
