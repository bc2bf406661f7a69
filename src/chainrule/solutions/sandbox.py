"""A process of its own for other people's code: limits, an empty folder, no secrets.

What it guards against: endless loops, too much memory, too large files, prints without end, secrets
in environment variables, files lying about. What it does not: it is no jail. The code runs as the
person who calls it, and can read what that person can read (`guard` says what it refuses).

The child says what it found line by line. If it dies, what it had said is kept, together with what
it was at: `check` begins anew without that.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from chainrule.solutions.limits import Limits

__all__ = ["Limits", "Outcome", "run"]

KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "SYSTEMROOT", "LD_LIBRARY_PATH")
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
MOST_OUTPUT = 16 * 2**20
TRACE = "trace.txt"
"""In the folder of a run: where the child was when it died."""
FRAME = re.compile(r'File "<(?:cell (\d+)|file): ([^"]+)>", line (\d+)')
START = "import sys; sys.path += sys.argv[1:]; from chainrule.solutions.child import main; main()"


@dataclass(frozen=True)
class Outcome:
    """What a process left behind.

    Parameters
    ----------
    messages : list of dict
        What it said, in order.
    trouble : str
        Why it ended early; empty if it did not.
    line : tuple or None
        Cell (or ``None``), function and line where it was when it died, if that is known.
    """

    messages: list[dict[str, Any]]
    trouble: str
    line: tuple[int | None, str, int] | None = None


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
    with tempfile.TemporaryDirectory(prefix="chainrule-", ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", START, *_where()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=_environment(folder),
            start_new_session=True,
        )
        try:
            messages, trouble = _listen(process, request, limits)
        finally:
            _end(process)
        if not trouble and process.returncode:
            trouble = _words(process.returncode, limits)
        return Outcome(messages, trouble, _traced(Path(folder) / TRACE) if trouble else None)


def _where() -> list[str]:
    """Return the folders of chainrule and NumPy: an isolated Python may not know them."""
    return [str(Path(__file__).parents[2]), str(Path(np.__file__).parents[1])]


def _environment(folder: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    places = dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP", "MPLCONFIGDIR"), folder)
    return {**kept, **dict.fromkeys(ONE_THREAD, "1"), **places, "MPLBACKEND": "Agg"}


class _Listener(threading.Thread):
    """Takes in what the child says, so that nothing waits for a full pipe."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.stream, self.received, self.full = stream, bytearray(), False

    def run(self) -> None:
        while piece := os.read(self.stream.fileno(), 2**16):
            self.received += piece
            if len(self.received) > MOST_OUTPUT:
                self.full = True
                return


def _listen(
    process: subprocess.Popen[bytes], request: dict[str, Any], limits: Limits
) -> tuple[list[dict[str, Any]], str]:
    assert process.stdout is not None
    deadline = time.monotonic() + limits.seconds
    listener = _Listener(process.stdout)
    listener.start()
    # A pipe holds 64 KiB; until the child reads, writing more would wait beyond every limit.
    threading.Thread(target=_ask, args=(process, request), daemon=True).start()
    listener.join(max(deadline - time.monotonic(), 0.0))
    trouble = ""
    if listener.full:
        trouble = "it said more than there is room for"
    elif listener.is_alive():
        trouble = f"it took longer than {limits.seconds:g} s"
    messages = []
    for line in bytes(listener.received).decode(errors="replace").splitlines():
        with contextlib.suppress(json.JSONDecodeError):  # the line in which it died
            message = json.loads(line)
            if isinstance(message, dict):
                messages.append(message)
    return messages, trouble


def _ask(process: subprocess.Popen[bytes], request: dict[str, Any]) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # it died, or was ended; its status says why
        process.stdin.write(json.dumps(request).encode())
        process.stdin.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let it end by itself, or end it, and all that it started."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(0.2)
    if sys.platform == "win32":
        process.kill()
    else:
        # A group that is gone is what we want; its leader may have ended just now.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(BrokenPipeError):
                stream.close()


def _traced(path: Path) -> tuple[int | None, str, int] | None:
    """Return the innermost line of their code that stands in a trace."""
    try:
        match = FRAME.search(path.read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:  # it died before it could begin one
        return None
    if match is None:
        return None
    return (int(match[1]) if match[1] else None), match[2], int(match[3])


def _words(status: int, limits: Limits) -> str:
    if status < 0:
        name = signal.Signals(-status).name
        if name in ("SIGVTALRM", "SIGXCPU"):
            if limits.seconds <= limits.call_seconds:
                return f"it took longer than {limits.seconds:g} s"
            return (
                f"it did not end within {limits.call_seconds:g} s, and does not listen: is a loop "
                "without end in what NumPy or Python does in one step?"
            )
        known = {"SIGKILL": ": there was no memory left", "SIGSEGV": ": its memory was mixed up"}
        return f"it ended the process by {name}{known.get(name, '')}"
    return f"it ended the process with status {status}"
