"""The package ``dgl`` of a process that has graphmp's folder of it on its path."""

from importlib import import_module

import_module("graphmp.compat.aliases").install()
