"""A process of its own for other people's code: limits, an empty folder, no secrets.

What it guards against: endless loops, too much memory, too large files, prints without end,
secrets in environment variables, files lying about. What it does not: it is no jail. The code
runs as the person who calls it, can read what that person can read, and can use the network.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import Any

KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "LD_LIBRARY_PATH")
MOST_OUTPUT = 16 * 2**20


@dataclass(frozen=True)
class Limits:
    """What one file may use.

    Parameters
    ----------
    seconds : float
        For the whole of it.
    call_seconds : float
        For one call of one function.
    memory : int
        Bytes of address space.
    file_size : int
        Bytes of a file that it writes.
    """

    seconds: float = 60.0
    call_seconds: float = 2.0
    memory: int = 4 * 2**30
    file_size: int = 2**24


@dataclass(frozen=True)
class Outcome:
    """What a process left behind.

    Parameters
    ----------
    messages : list of dict
        What it said, in order.
    trouble : str
        Why it ended early; empty if it did not.
    """

    messages: list[dict[str, Any]]
    trouble: str


def run(request: dict[str, Any], limits: Limits) -> Outcome:
    """Judge in a child process, and return what it says.

    Parameters
    ----------
    request : dict
        For `chainrule.solutions.child`.
    limits : Limits

    Returns
    -------
    Outcome
    """
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    with tempfile.TemporaryDirectory(prefix="chainrule-") as folder:
        single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        env = {**kept, **single, "HOME": folder, "TMPDIR": folder, "MPLBACKEND": "Agg"}
        read_end, write_end = os.pipe()
        process = subprocess.Popen(
            [sys.executable, "-I", "-m", "chainrule.solutions.child", str(write_end)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=env,
            pass_fds=(write_end,),
            start_new_session=True,
        )
        os.close(write_end)
        return _listen(process, read_end, request, limits)


def limit_self(limits: Limits) -> None:
    """Limit this process, and what it starts: the child does so before it reads their code."""
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_size, limits.file_size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    cpu = int(limits.seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))


def _listen(
    process: subprocess.Popen[bytes], pipe: int, request: dict[str, Any], limits: Limits
) -> Outcome:
    import selectors
    import time

    assert process.stdin is not None
    deadline = time.monotonic() + limits.seconds
    received, trouble = b"", ""
    try:
        process.stdin.write(json.dumps(request).encode())
        process.stdin.close()
    except BrokenPipeError:
        pass
    with selectors.DefaultSelector() as selector, os.fdopen(pipe, "rb", buffering=0) as stream:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                trouble = f"it took longer than {limits.seconds:g} s"
                break
            if not selector.select(left):
                continue
            piece = stream.read(2**16)
            if not piece:
                break
            received += piece
            if len(received) > MOST_OUTPUT:
                trouble = "it said more than there is room for"
                break
    _end(process)
    if not trouble and process.returncode:
        trouble = _words(process.returncode)
    messages = []
    for line in received.decode(errors="replace").splitlines():
        try:
            messages.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return Outcome(messages, trouble)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let it end by itself, or end it and all that it started."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(0.2)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _words(status: int) -> str:
    if status < 0:
        return f"the process was ended by {signal.Signals(-status).name}"
    return f"the process ended with status {status}"
