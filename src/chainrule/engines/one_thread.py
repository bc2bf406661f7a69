"""SciPy's own linear algebra on one thread, for matrices too small to be worth two.

L-BFGS-B factorises matrices of 2·memory rows in every iteration, and the BLAS that comes with SciPy
gives even these to all cores. Where another program has one of them, each waits for it: an update
of the heart then takes 2 to 20 ms, and 0.2 ms on one thread. NumPy's BLAS is another and stays as
it is; where both share one, nothing is done, for the engine's products may be large.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

_LOCK = threading.Lock()
_inside = 0
_limit: Any = None


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep SciPy's own BLAS on one thread while anybody is inside: the number is the process's."""
    global _inside, _limit  # noqa: PLW0603
    with _LOCK:
        if _inside == 0:
            _limit = _only_scipys().limit(limits=1)
        _inside += 1
    try:
        yield
    finally:
        with _LOCK:
            _inside -= 1
            if _inside == 0:
                _limit.restore_original_limits()


@cache  # looking for libraries takes a millisecond
def _only_scipys() -> Any:
    """Return what sets the threads of libraries that lie in SciPy's wheel, if there are any."""
    import scipy.linalg  # noqa: F401  # what is not loaded yet would never be found
    from threadpoolctl import ThreadpoolController

    loaded = ThreadpoolController()
    paths = [each.filepath for each in loaded.lib_controllers]
    return loaded.select(filepath=[path for path in paths if _is_scipys(path)])


def _is_scipys(path: str) -> bool:
    """Return whether a library lies in scipy.libs/ or, as on a Mac, in scipy/.dylibs/."""
    return "scipy" in {folder.partition(".")[0] for folder in Path(path).parts[-3:-1]}
