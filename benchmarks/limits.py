"""The limits of the machine: what a row's time is held against.

Three rates, each for one thread and for all cores: fused multiply-adds in registers and vectorised
exponentials by a small program (`peak.cpp`), and products of 2048 × 2048 matrices, the best of
NumPy's and PyTorch's.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pool import Failed, Pool, cores

EDGE = 2048
GEMM_FLOPS = 2 * EDGE**3
MULTIPLIERS = ("numpy", "torch")


def peak(threads: int, seconds: float = 0.5) -> dict[str, Any]:
    """Return the rates of `peak.cpp`, or why there are none."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "peak"
        flags = ["-std=c++20", "-O3", "-march=native", "-ffast-math", "-pthread"]
        if platform.machine() in ("x86_64", "AMD64"):
            flags.append("-mprefer-vector-width=512")
        source = Path(__file__).with_name("peak.cpp")
        try:
            subprocess.run(
                ["g++", *flags, str(source), "-o", str(program)], check=True, capture_output=True
            )
            command = [str(program), str(threads), str(seconds)]
            done = subprocess.run(
                command,
                check=True,
                capture_output=True,
                text=True,
                preexec_fn=lambda: _confine(threads),
            )
        except (OSError, subprocess.CalledProcessError) as error:
            return {"absent": f"g++ did not make or run it ({type(error).__name__})"}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _confine(threads: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores()[-threads:])


@cache
def _factors(dtype: str) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((EDGE, EDGE)).astype(dtype) for _ in range(2))
    return a, b, np.empty_like(a)


def gemm_numpy(dtype: str) -> float:
    """Return the seconds of one product by NumPy."""
    a, b, out = _factors(dtype)
    began = time.perf_counter()
    np.matmul(a, b, out=out)
    return time.perf_counter() - began


def gemm_torch(dtype: str, threads: int) -> float:
    """Return the seconds of one product by PyTorch."""
    import torch

    torch.set_num_threads(threads)
    a, b, out = (torch.from_numpy(v) for v in _factors(dtype))
    began = time.perf_counter()
    torch.matmul(a, b, out=out)
    return time.perf_counter() - began


def gemm(pool: Pool, side: str, threads: int, dtype: str) -> float:
    """Return the seconds of one product in the process of a side."""
    more = {"threads": threads} if side == "torch" else {}
    return float(pool.call(side, threads, f"limits:gemm_{side}", dtype=dtype, **more))


class Gemm:
    """Times of matrix products, taken in turn with whatever else is measured.

    Parameters
    ----------
    pool : Pool
    threads : int
    dtype : str
    sides : list of str
        Those that are there.
    """

    def __init__(self, pool: Pool, threads: int, dtype: str, sides: list[str]) -> None:
        self._pool, self._threads, self._dtype = pool, threads, dtype
        self._seconds: dict[str, list[float]] = {side: [] for side in MULTIPLIERS if side in sides}
        for side in list(self._seconds):
            try:
                gemm(pool, side, threads, dtype)  # the first product starts threads
            except Failed:
                del self._seconds[side]

    def take(self) -> None:
        """Take one more time of each."""
        for side, found in self._seconds.items():
            found.append(gemm(self._pool, side, self._threads, self._dtype))

    @property
    def result(self) -> dict[str, Any]:
        """GFLOP/s by the faster of them, median over the rounds."""
        medians = {side: statistics.median(found) for side, found in self._seconds.items() if found}
        if not medians:
            return {"absent": "neither NumPy nor PyTorch made the product"}
        best = min(medians, key=lambda side: medians[side])
        rates = [GEMM_FLOPS / seconds / 1e9 for seconds in self._seconds[best]]
        return {"gflops": GEMM_FLOPS / medians[best] / 1e9, "by": best, "each": rates}


def measure(pool: Pool, threads: int, sides: list[str], rounds: int) -> dict[str, Any]:
    """Return all limits for so many threads."""
    found: dict[str, Any] = {"threads": threads, "peak": peak(threads)}
    for dtype in ("float32", "float64"):
        products = Gemm(pool, threads, dtype, sides)
        for _ in range(rounds):
            products.take()
        found[dtype] = products.result
    return found


def again(found: list[dict[str, Any]]) -> None:
    """Measure the peaks once more, at the end of a run, and keep the higher ones."""
    for each in found:
        second = peak(each["threads"])
        for dtype, rates in second.items():
            if dtype in each["peak"]:
                first = each["peak"][dtype]
                each["peak"][dtype] = {name: max(first[name], rates[name]) for name in rates}


def seconds_at_limit(peaks: dict[str, Any], dtype: str, row: dict[str, Any]) -> float | None:
    """Return what a step of a row would take at the limit: its multiply-adds and exponentials."""
    if "absent" in peaks:
        return None
    rates = peaks[dtype]
    multiply_adds: float = 2 * row["multiply_adds"] / rates["fma_gflops"] / 1e9
    exponentials: float = row["exponentials"] / rates["exp_giga"] / 1e9
    return multiply_adds + exponentials
