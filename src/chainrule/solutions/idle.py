"""Modules that are not imported for other people's code, and what stands in for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# fmt: off
IDLE = frozenset((
    "matplotlib", "pylab", "seaborn", "plotly", "bokeh", "IPython", "ipywidgets", "google", "tqdm",
    "PIL", "cv2", "skimage", "imageio", "graphviz", "pydot", "pygame", "turtle", "tkinter",
    "requests", "urllib", "wget", "gdown", "kaggle", "wandb", "tensorboard", "h5py", "testCases",
    "testCases_v2", "testCases_v3", "testCases_v4", "public_tests", "test_utils", "lr_utils",
    "numba", "nose", "pytest", "unittest", "mnist", "mnist_loader", "training_data",
))
# fmt: on
"""Modules that are stood in for, whether they are installed or not."""
HEAVY = frozenset(
    ("sklearn", "scipy", "pandas", "torch", "tensorflow", "keras", "jax", "sympy", "statsmodels")
)
"""Modules that take long to import: only when a definition mentions them, or on `Space.load`."""
LIKE_NUMPY = ("autograd.numpy", "jax.numpy", "cupy", "mxnet.numpy", "minpy.numpy")
"""Modules for which NumPy serves where they are not installed."""


class Idle:
    """Takes every call and every attribute, and does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Idle()

    def __call__(self, *_args: Any, **_options: Any) -> Any:
        """Return one more of the kind."""
        return Idle()

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Any:
        return Idle()

    def __exit__(self, *_error: object) -> None:
        return None

    def __mro_entries__(self, _bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (Unknown,)


class Unknown:
    """Stands in for a base class that is not there: it takes all arguments, and holds nothing."""

    def __init__(self, *_args: Any, **_options: Any) -> None:
        return None
