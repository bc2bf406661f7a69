"""The demonstration: three networks from the notebook's to handwritten digits, each checked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from chainrule import data, plots
from chainrule.callbacks import Snapshots
from chainrule.checking import Report, check
from chainrule.checking.report import MARKS
from chainrule.errors import ChainruleError
from chainrule.history import TrainingResult
from chainrule.network import Network
from chainrule.notation import adjoint, text
from chainrule.optimizers import GradientDescent
from chainrule.training import train

PRINTED_BY_THE_NOTEBOOK = ("[[0.49492989]", " [0.24723845]]")

Matrix = NDArray[np.float64]


def run(out: Path, updates: int) -> None:
    """Run all three and write pictures into a folder.

    Parameters
    ----------
    out : pathlib.Path
        The folder; it is made if it does not exist.
    updates : int
        Of the heart.
    """
    console = Console(highlight=False, soft_wrap=True)
    began = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    _notebook(console, out)
    _heart(console, out, updates)
    _digits(console, out)
    console.print(f"\nAll done in {time.perf_counter() - began:.0f} s; pictures in {out}/")


def _notebook(console: Console, out: Path) -> None:
    with _section(console, "The notebook's network: 5-3-2-2, one example, two updates"):
        net = Network([5, 3, 2, 2], activation="sigmoid", cost="squared_error")
        x, y = data.ramp(5)
        rng = np.random.RandomState(123)
        start = net.initialize(rng, scheme="normal", scale=0.5)
        step = GradientDescent(1 / 5)
        result = train(net, start, x, y, optimizer=step, iterations=2, progress=False)
        console.print(
            "One equation of its derivation, with the reason (all: chainrule explain 5-3-2-2):"
        )
        equation = net.derive()["J_W2"]
        console.print(f"  {equation}    {equation.reason}", markup=False)
        printed = str(net.forward(result.params, x)).splitlines()
        console.print("a3 here         ", "  ".join(printed), markup=False)
        console.print("as the notebook ", "  ".join(PRINTED_BY_THE_NOTEBOOK), markup=False)
        _show(console, check(net, result.params, x, y))
        _picture(console, plots.network(result.params), out / "notebook-network.png")


def _heart(console: Console, out: Path, updates: int) -> None:
    with _section(console, f"The heart: 1-6-7-2, 100 points, {updates:,} updates"):
        net = Network([1, 6, 7, 2], activation="sigmoid", cost="squared_error")
        x, y = data.heart(100)
        snapshots = Snapshots(every=100)
        began = time.perf_counter()
        result = train(
            net,
            net.initialize(2, scheme="normal"),
            x,
            y,
            optimizer=GradientDescent(7.0),
            iterations=updates,
            callbacks=[snapshots],
        )
        seconds = time.perf_counter() - began
        _stop_if_interrupted(result)
        costs = result.history.cost
        console.print(
            f"cost {costs[0]:.4f} → {costs[-1]:.6f} in {seconds:.2f} s ({result.engine} engine)"
        )
        _show(console, check(net, result.params, x, y))
        curves = [net.forward(params, x) for params in snapshots.params]
        final = net.forward(result.params, x)
        title = f"A 1-6-7-2 network learns a heart: {result.iterations:,} updates"
        _picture(console, plots.curve(y, curves, final, title=title), out / "heart.png")
        _picture(console, plots.cost_history(result.history), out / "heart-cost.png")
        _picture(console, plots.network(result.params), out / "heart-network.png")


def _digits(console: Console, out: Path) -> None:
    with _section(console, "Handwritten digits: 64-30-10, relu and softmax, cross-entropy"):
        x, labels, train_count = _shuffled_digits()
        net = Network([64, 30, 10], activation="relu", cost="cross_entropy", l2=1e-4)
        y = np.eye(10)[:, labels]
        learnt, unseen = slice(None, train_count), slice(train_count, None)
        result = train(
            net,
            net.initialize(0, scheme="he"),
            x[:, learnt],
            y[:, learnt],
            optimizer=GradientDescent(0.3),
            iterations=3_000,
            batch_size=32,
            rng=0,
        )
        _stop_if_interrupted(result)
        guesses = np.argmax(net.forward(result.params, x[:, unseen]), axis=0)
        right = int(np.sum(guesses == labels[unseen]))
        console.print(
            f"{train_count} images to learn from, {len(guesses)} to test: "
            f"{right} right, accuracy {right / len(guesses):.1%}"
        )
        _show(console, check(net, result.params, x[:, :10], y[:, :10]))
        counts = np.zeros((10, 10), dtype=int)
        np.add.at(counts, (labels[unseen], guesses), 1)
        digits = [str(digit) for digit in range(10)]
        _picture(console, plots.confusion(counts, digits), out / "digits.png")


def _stop_if_interrupted(result: TrainingResult) -> None:
    """Let Ctrl-C end the whole demonstration, which training alone takes for itself."""
    if result.reason == "interrupted":
        raise KeyboardInterrupt


def _shuffled_digits() -> tuple[Matrix, NDArray[np.intp], int]:
    """Return scikit-learn's digits: images as columns, labels, and how many to learn from."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    return images[order].T / 16, labels[order], int(0.8 * len(labels))


@contextmanager
def _section(console: Console, title: str) -> Iterator[None]:
    console.print()
    console.rule(f"[bold]{title}", align="left")
    began = time.perf_counter()
    yield
    console.print(f"[dim]{time.perf_counter() - began:.1f} s")


def _show(console: Console, report: Report) -> None:
    table = Table("", "Jacobian", "elements", "verdict", "largest relative difference", box=None)
    for entry in report.values():
        table.add_row(
            MARKS[entry.verdict],
            text(adjoint(entry.name)),
            str(entry.elements),
            entry.verdict,
            f"{entry.error:.1e}",
        )
    console.print(table)
    console.print(f"check against differences of the cost: {report.summary}")
    if not report.passed:
        raise ChainruleError("a derived Jacobian failed its check; please report this as a bug")


def _picture(console: Console, figure: Figure, path: Path) -> None:
    plots.save(figure, path)
    console.print(f"picture: {path}")
