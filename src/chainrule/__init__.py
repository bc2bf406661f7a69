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
    from chainrule import data, errors, interchange, plots
    from chainrule.callbacks import Snapshots
    from chainrule.checking import check, diagnose, diagnose_function
    from chainrule.checkpoints import Checkpoint
    from chainrule.derivation import Derivation
    from chainrule.errors import (
        ChainruleError,
        EngineUnavailable,
        InvalidType,
        InvalidValue,
        NonFiniteCost,
        PairRefused,
        ShapeError,
        UnknownName,
        UnknownQuantity,
        WrongDerivative,
    )
    from chainrule.estimators import MLPClassifier, MLPRegressor
    from chainrule.network import Network
    from chainrule.optimizers import Adam, AdamW, GradientDescent, Momentum, Nesterov, RMSprop
    from chainrule.own import register_activation, register_cost
    from chainrule.parameters import Parameters
    from chainrule.schedules import Cosine, OneCycle, ReduceOnPlateau, StepDecay, WarmUp
    from chainrule.second_order import LBFGS, LevenbergMarquardt
    from chainrule.sensitivity import input_jacobian, per_example_gradients, per_example_jacobians
    from chainrule.solutions.check import check_file
    from chainrule.solutions.notebook import check_notebook
    from chainrule.stopping import Patience, TimeLimit, Tolerance
    from chainrule.storage import load, load_checkpoint, save
    from chainrule.training import train
    from chainrule.transformations import ClipByNorm, ClipByValue, Noise

__version__ = "0.1.0"

# Public names and where each lives. They are imported when first used, so that
# `import chainrule` costs little more than `import numpy`.
_HOMES = {
    "Adam": "optimizers",
    "AdamW": "optimizers",
    "ChainruleError": "errors",
    "Checkpoint": "checkpoints",
    "ClipByNorm": "transformations",
    "ClipByValue": "transformations",
    "Cosine": "schedules",
    "Derivation": "derivation",
    "EngineUnavailable": "errors",
    "GradientDescent": "optimizers",
    "InvalidType": "errors",
    "InvalidValue": "errors",
    "LBFGS": "second_order",
    "LevenbergMarquardt": "second_order",
    "MLPClassifier": "estimators",
    "MLPRegressor": "estimators",
    "Momentum": "optimizers",
    "Nesterov": "optimizers",
    "Network": "network",
    "Noise": "transformations",
    "NonFiniteCost": "errors",
    "OneCycle": "schedules",
    "PairRefused": "errors",
    "Parameters": "parameters",
    "Patience": "stopping",
    "RMSprop": "optimizers",
    "ReduceOnPlateau": "schedules",
    "ShapeError": "errors",
    "Snapshots": "callbacks",
    "StepDecay": "schedules",
    "TimeLimit": "stopping",
    "Tolerance": "stopping",
    "UnknownName": "errors",
    "UnknownQuantity": "errors",
    "WarmUp": "schedules",
    "WrongDerivative": "errors",
    "check": "checking",
    "check_file": "solutions.check",
    "check_notebook": "solutions.notebook",
    "diagnose": "checking",
    "diagnose_function": "checking",
    "input_jacobian": "sensitivity",
    "load": "storage",
    "load_checkpoint": "storage",
    "per_example_gradients": "sensitivity",
    "per_example_jacobians": "sensitivity",
    "register_activation": "own",
    "register_cost": "own",
    "save": "storage",
    "train": "training",
}
_MODULES = ("data", "errors", "interchange", "plots")

__all__ = [
    "LBFGS",
    "Adam",
    "AdamW",
    "ChainruleError",
    "Checkpoint",
    "ClipByNorm",
    "ClipByValue",
    "Cosine",
    "Derivation",
    "EngineUnavailable",
    "GradientDescent",
    "InvalidType",
    "InvalidValue",
    "LevenbergMarquardt",
    "MLPClassifier",
    "MLPRegressor",
    "Momentum",
    "Nesterov",
    "Network",
    "Noise",
    "NonFiniteCost",
    "OneCycle",
    "PairRefused",
    "Parameters",
    "Patience",
    "RMSprop",
    "ReduceOnPlateau",
    "ShapeError",
    "Snapshots",
    "StepDecay",
    "TimeLimit",
    "Tolerance",
    "UnknownName",
    "UnknownQuantity",
    "WarmUp",
    "WrongDerivative",
    "__version__",
    "check",
    "check_file",
    "check_notebook",
    "data",
    "diagnose",
    "diagnose_function",
    "errors",
    "input_jacobian",
    "interchange",
    "load",
    "load_checkpoint",
    "per_example_gradients",
    "per_example_jacobians",
    "plots",
    "register_activation",
    "register_cost",
    "save",
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


def load_ipython_extension(shell: Any) -> None:
    """Make ``%%check_gradients`` known to IPython: what ``%load_ext chainrule`` calls."""
    importlib.import_module("chainrule.solutions.notebook").load(shell)
