"""Who computes: one row per side, with the package that it needs."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

__all__ = ["SIDES", "Side", "load"]


@dataclass(frozen=True)
class Side:
    """One side.

    Parameters
    ----------
    title : str
        As shown.
    package : str
        Whose absence takes the side out; imported to see.
    home : str
        Module and class.
    """

    title: str
    package: str
    home: str


SIDES = {
    "ours": Side("chainrule", "chainrule", "ours:Ours"),
    "notebook": Side("notebook's way", "numpy", "notebook:Notebook"),
    "numpy": Side("good NumPy", "numpy", "numpy_well:NumpyWell"),
    "sklearn": Side("scikit-learn", "sklearn", "scikit:Scikit"),
    "torch": Side("PyTorch eager", "torch", "pytorch:Eager"),
    "compile": Side("torch.compile", "torch", "pytorch:Compiled"),
    "jax": Side("JAX", "jax", "jaxed:Jax"),
}


def load(name: str) -> Any:
    """Return the class of a side, importing what it needs."""
    module, _, kind = SIDES[name].home.partition(":")
    return getattr(importlib.import_module(f"benchmarks.sides.{module}"), kind)
