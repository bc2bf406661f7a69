"""Names that NumPy had when much of what is found was written: ``np.int``, ``np.float``.

They were other names of Python's own types, and were taken away in NumPy 1.24. A file that uses
them is read as it was meant; the report says so, since it does not run as it stands.
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

NAMES = ("int", "float", "bool", "object", "str", "complex")


class Bygone(ast.NodeTransformer):
    """Puts Python's types in the place of names that NumPy no longer has.

    Attributes
    ----------
    met : list of str
        Names that were met: ``"np.int"``.
    """

    def __init__(self) -> None:
        self.met: list[str] = []

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        """Return the name of the type in the place of the attribute."""
        self.generic_visit(node)
        module = node.value
        if not (isinstance(module, ast.Name) and module.id in ("np", "numpy")):
            return node
        if node.attr not in NAMES or hasattr(np, node.attr):
            return node
        said = f"{module.id}.{node.attr}"
        if said not in self.met:
            self.met.append(said)
        return ast.copy_location(ast.Name(node.attr, ast.Load()), node)
