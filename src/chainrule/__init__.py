"""chainrule: backpropagation that you can read, check and run.

>>> import chainrule
>>> net = chainrule.Network([5, 3, 2, 2], activation="sigmoid", cost="squared_error")
>>> print(net.derive()["delta3"])
δ3 = ∂C/∂a3 ∘ a3 ∘ (1 − a3)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what type checkers see; at run time the names are imported when first used
    from chainrule import data, errors, plots
    from chainrule.callbacks import Snapshots
    from chainrule.checking import check
    from chainrule.derivation import Derivation
    from chainrule.errors import ChainruleError, NonFiniteCost
    from chainrule.network import Network
    from chainrule.optimizers import GradientDescent
    from chainrule.parameters import Parameters
    from chainrule.training import train

__version__ = "0.1.0"

# Public names and where each lives. They are imported when first used, so that
# `import chainrule` costs little more than `import numpy`.
_HOMES = {
    "ChainruleError": "errors",
    "Derivation": "derivation",
    "GradientDescent": "optimizers",
    "Network": "network",
    "NonFiniteCost": "errors",
    "Parameters": "parameters",
    "Snapshots": "callbacks",
    "check": "checking",
    "train": "training",
}
_MODULES = ("data", "errors", "plots")

__all__ = [
    "ChainruleError",
    "Derivation",
    "GradientDescent",
    "Network",
    "NonFiniteCost",
    "Parameters",
    "Snapshots",
    "__version__",
    "check",
    "data",
    "errors",
    "plots",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(f"chainrule.{_HOMES[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"chainrule.{name}")
    else:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
