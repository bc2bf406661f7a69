"""Names that NumPy and Python had when much of what is found was written: ``np.int``, ``xrange``.

NumPy's were other names of Python's own types, and were taken away in NumPy 1.24. A file that uses
them is read as it was meant; the report says so, since it does not run as it stands.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
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


def gone() -> dict[str, Any]:
    """Return names of Python 2 that are not there any more."""
    return {"xrange": range, "raw_input": input, "unicode": str, "long": int}


def python2() -> dict[str, Any]:
    """Return names as Python 2 had them: `zip`, `map`, `filter` and `range` return lists."""
    from functools import reduce

    def listed(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args: list(function(*args))

    lists = {each.__name__: listed(each) for each in (zip, map, filter, range)}
    return {**gone(), **lists, "reduce": reduce, "basestring": str, "unichr": chr}
