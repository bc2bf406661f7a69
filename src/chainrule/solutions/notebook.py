"""In Jupyter: `%%check_gradients` over a cell, and `check_notebook()` for all that was run so far.

Both take the source of the cells from the history of the running kernel and judge it as a file is
judged: definitions only, in a process of its own. Values that the notebook holds are not looked at.
Cells are called by the number beside them, ``In [n]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from chainrule.errors import InvalidValue
from chainrule.solutions.cells import Cell
from chainrule.solutions.check import check_cells
from chainrule.solutions.findings import Report
from chainrule.solutions.limits import Limits

MAGIC = "check_gradients"
NAME = "this notebook"
CELL_MAGIC = re.compile(r"\s*%%(\w+)")
CELL_MAGIC_LINE = re.compile(r"%%.*")
PYTHON = frozenset({MAGIC, "time", "timeit", "capture", "prun"})
"""Magics over a cell that leave it Python; a cell under any other is another language."""


def check_notebook(limits: Limits | None = None) -> Report:
    """Judge the gradients of the notebook that this is called in.

    What was run in this kernel so far is judged, the last definition of a name counts: a cell that
    was edited and not run again counts as it was run, one that was deleted after it was run counts
    still. To judge the notebook as it was saved, `check_file` its path.

    Parameters
    ----------
    limits : Limits, optional
        What it may use of time and memory; see `chainrule.solutions.limits`.

    Returns
    -------
    Report
        In Jupyter it shows itself.

    Raises
    ------
    InvalidValue
        If this is no notebook.

    Examples
    --------
    >>> check_notebook()
    Traceback (most recent call last):
    chainrule.errors.InvalidValue: this is no running notebook; check_file(path) judges a file
    """
    shell = _running()
    if shell is None:
        raise InvalidValue("this is no running notebook; check_file(path) judges a file")
    return check_cells(list(history(_raw(shell))), NAME, limits)


def load(shell: Any) -> None:
    """Make `%%check_gradients` known to a shell: what ``%load_ext chainrule`` does.

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
    """

    def check_gradients(line: str, cell: str) -> Report:
        """Run a cell, then judge its gradients together with what the notebook defined so far."""
        if line.strip():
            from IPython.core.error import UsageError

            # Which IPython shows as one line.
            raise UsageError(f"%%{MAGIC} takes no options, and met {line.strip()!r}")
        shell.run_cell(cell)  # what goes wrong in it is shown; what it defines is judged
        return check_cells(list(history(_raw(shell))), NAME)

    shell.register_magic_function(check_gradients, "cell", MAGIC)


def history(sources: Sequence[str]) -> Iterator[Cell]:
    r"""Yield what was run as cells.

    Parameters
    ----------
    sources : sequence of str
        As typed; that with index n was ``In [n]``. The cell that runs now is the last.

    Yields
    ------
    Cell
        Lines are counted as in the notebook, the line of a magic over the cell included.

    Examples
    --------
    >>> for cell in history(["", "m = 3", "%%bash\nls", "%%time\nW = 1"]):
    ...     print(cell.number, repr(cell.source))
    1 'm = 3'
    3 '#\nW = 1'
    """
    for number, source in enumerate(sources):
        magic = CELL_MAGIC.match(source)
        if magic and magic[1] not in PYTHON:
            continue
        body = CELL_MAGIC_LINE.sub("#", source, count=1) if magic else source
        if body.strip():
            yield Cell(body, number, number)


def _running() -> Any:
    """Return the shell of the notebook that calls; ``None`` outside of IPython."""
    import sys

    if "IPython" not in sys.modules:  # who is in a notebook has it imported
        return None
    from IPython import get_ipython

    return get_ipython()


def _raw(shell: Any) -> Sequence[str]:
    """Return what was typed, which is not `In`: there, magics are calls on other lines."""
    return list(shell.history_manager.input_hist_raw)
