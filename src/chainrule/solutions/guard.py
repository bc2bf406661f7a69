"""What the child refuses to their code, by an audit hook, and what it limits for itself.

An audit hook is a fence, not a wall: code that wants to can climb it (`ctypes` can). It keeps a
notebook from doing by accident what it does at home: starting programs, opening connections,
writing over files, dividing without end. What Python does without an audit event is put out of
reach by name (`SILENT`): so `multiprocessing` starts processes, and so people set their own alarms.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import signal
import sys
from pathlib import Path
from typing import Any

from chainrule.solutions.calling import LISTENS
from chainrule.solutions.limits import Limits

STARTS = ("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system")
REFUSED = {
    **dict.fromkeys((*STARTS, "subprocess.Popen", "pty.spawn", "os.startfile"), "start programs"),
    **dict.fromkeys(("os.kill", "os.killpg"), "end processes"),
    **dict.fromkeys(("resource.setrlimit", "resource.prlimit"), "change its limits"),
    **dict.fromkeys(
        (
            "socket.connect",
            "socket.bind",
            "socket.getaddrinfo",
            "socket.gethostbyname",
            "socket.gethostbyaddr",
            "socket.sendto",
            "socket.sendmsg",
        ),
        "use the network",
    ),
}
CHANGES = (
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.chown",
    "os.utime",
    "os.setxattr",
    "os.removexattr",
    "shutil.rmtree",
    "shutil.move",
    "shutil.copyfile",
    "sqlite3.connect",
)
OURS = frozenset(("SIGPROF", "SIGALRM", "SIGVTALRM", "SIGXCPU"))
"""Signals that end a call (`chainrule.solutions.calling`)."""
SILENT = (
    ("_posixsubprocess", "fork_exec", "start programs"),
    ("subprocess", "_fork_exec", "start programs"),
    ("signal", "pidfd_send_signal", "end processes"),
    ("signal", "setitimer", "set alarms"),
    ("signal", "alarm", "set alarms"),
    ("_posixshmem", "shm_open", "share memory"),
    ("os", "mkfifo", "make devices"),
    ("os", "mknod", "make devices"),
)
"""Modules, their functions that raise no audit event, and what these do."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
HAS_RESOURCE = importlib.util.find_spec("resource") is not None


def limit_self(limits: Limits) -> None:
    """Limit this process, and what it starts: the child does so before it reads their code."""
    if not HAS_RESOURCE:
        return
    import resource

    cpu = int(limits.seconds) + 1
    for kind, wanted, hard in (
        (resource.RLIMIT_AS, limits.memory, limits.memory),
        (resource.RLIMIT_FSIZE, limits.file_size, limits.file_size),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_CPU, cpu, cpu + 1),
    ):
        _, most = resource.getrlimit(kind)
        if most == resource.RLIM_INFINITY:
            most = hard  # else somebody limits us already, and less is less
        resource.setrlimit(kind, (min(wanted, most), min(hard, most)))


def unlimited() -> tuple[str, ...]:
    """Return what cannot be limited on this system."""
    found = [] if HAS_RESOURCE else ["memory", "processor time", "the size of files"]
    if sys.platform == "darwin":
        found = ["memory"]  # the kernel takes the limit, and does not heed it
    return (*found, *([] if LISTENS else ["the time of one call"]))


def fence(folder: Path) -> None:
    """Refuse to start programs, to use the network, and to change files outside of a folder.

    Parameters
    ----------
    folder : Path
        In which their code may write. There is no way back.
    """
    inside = os.path.realpath(folder)

    def allowed(path: Any) -> bool:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return True  # a file that is open already
        there = os.path.realpath(os.fsdecode(path))
        return there == inside or there.startswith(inside + os.sep) or there == os.devnull

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            if isinstance(args[2], int) and args[2] & WRITING and not allowed(args[0]):
                raise PermissionError(f"it may not write {args[0]!r} while it is judged")
        elif event in REFUSED:
            raise PermissionError(f"it may not {REFUSED[event]} while it is judged")
        elif event in CHANGES and not all(map(allowed, args[:2])):
            raise PermissionError(f"it may not change {args[0]!r} while it is judged")

    for module, name, what in SILENT:
        _put_away(module, name, what)
    set_handler = signal.signal

    def handled(number: Any, handler: Any) -> Any:
        if signal.Signals(number).name in OURS:
            raise PermissionError("it may not set alarms while it is judged")
        return set_handler(number, handler)

    setattr(signal, "signal", handled)  # noqa: B010 (mypy: no function is assigned to)
    sys.addaudithook(hook)


def _put_away(module: str, name: str, what: str) -> None:
    """Let a function of a module refuse, where this system has it."""
    if importlib.util.find_spec(module) is None:
        return
    there = importlib.import_module(module)

    def refuse(*_args: Any, **_options: Any) -> Any:
        raise PermissionError(f"it may not {what} while it is judged")

    if hasattr(there, name):
        setattr(there, name, refuse)
