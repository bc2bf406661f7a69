"""The workers: one process per side and number of threads, started when first asked."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[1]
PATIENCE = 600.0  # seconds for one answer
COUNTS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Settings that some environments make for old builds of OpenBLAS; they slow a current one."""


def cores() -> list[int]:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def environment(threads: int) -> dict[str, str]:
    """Return the environment of a worker with so many threads."""
    found = {name: value for name, value in os.environ.items() if name not in UNSET}
    found |= dict.fromkeys(COUNTS, str(threads))
    if threads == 1:
        found["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    found |= {
        "JAX_PLATFORMS": "cpu",
        "TORCHINDUCTOR_COMPILE_THREADS": "1",  # no pool of compilers left behind
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        "PYTHONWARNINGS": "ignore",
    }
    return found


class Failed(Exception):
    """A worker could not do what was asked."""


class Pool:
    """All workers of a run.

    Parameters
    ----------
    engine : str
        Of our side.
    """

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._workers: dict[tuple[str, int], subprocess.Popen[str]] = {}
        self._cache = tempfile.TemporaryDirectory(prefix="bench-")  # compilers start from nothing

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers.values():
            worker.kill()
            worker.wait()
            for channel in (worker.stdin, worker.stdout):
                if channel is not None:
                    channel.close()
        self._cache.cleanup()

    def ask(self, side: str, threads: int, do: str, /, **request: Any) -> dict[str, Any]:
        """Return the answer of a side.

        Raises
        ------
        Failed
            With its reason, if it has none.
        """
        worker = self._workers.get((side, threads)) or self._start(side, threads)
        assert worker.stdin is not None
        assert worker.stdout is not None
        try:
            worker.stdin.write(json.dumps({"do": do, **request}) + "\n")
            worker.stdin.flush()
            ready, _, _ = select.select([worker.stdout], [], [], PATIENCE)
            line = worker.stdout.readline() if ready else ""
        except OSError:
            line = ""
        if not line:
            worker.kill()
            code = worker.wait()
            del self._workers[side, threads]
            raise Failed(f"its process ended (exit code {code})")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def call(self, side: str, threads: int, function: str, /, **arguments: Any) -> Any:
        """Return what a function of this package returns in the process of a side."""
        return self.ask(side, threads, "call", function=function, **arguments)["value"]

    def started(self, side: str, threads: int) -> bool:
        """Return whether there is such a worker."""
        return (side, threads) in self._workers

    def _start(self, side: str, threads: int) -> subprocess.Popen[str]:
        used = ",".join(map(str, cores()[-threads:]))
        self._workers[side, threads] = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", side, str(threads), used, self._engine],
            cwd=ROOT,
            env=environment(threads) | {"TORCHINDUCTOR_CACHE_DIR": self._cache.name},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self._workers[side, threads]
