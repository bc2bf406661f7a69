"""What runs in the process of its own: reads a request, judges, and says what it found.

Messages are lines of JSON: ``{"at": …}`` says what is called next, so that a process that had to
be ended tells where; ``{"judged": …}`` is a line of the report as soon as it is known; ``{"report":
…}`` is the whole, first without the lines that mend it, since looking for these may take too long,
then with them; ``{"failure": …}`` is the end by a mistake of ours.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chainrule.checking.verdicts import Verdict
from chainrule.solutions import guard
from chainrule.solutions.advice import loop_at_top, why_nothing
from chainrule.solutions.calling import Caller, watch
from chainrule.solutions.cells import Cell
from chainrule.solutions.definitions import Definitions, collect
from chainrule.solutions.findings import Finding, Judged, Report
from chainrule.solutions.limits import Limits
from chainrule.solutions.sandbox import TRACE
from chainrule.solutions.telling import doubted
from chainrule.solutions.unread import unread

Say = Callable[[dict[str, Any]], None]


def main() -> None:
    """Judge what stands in the request on standard input."""
    request = json.loads(sys.stdin.buffer.read())
    importlib.import_module("chainrule.solutions.selection")  # ours, while it may be cached
    sys.dont_write_bytecode = True
    guard.limit_self(Limits(**request["limits"]))
    with os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8") as pipe:
        void = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1):  # what their code prints and reads is nobody's business
            os.dup2(void, stream)
        trace = Path.cwd() / TRACE
        with trace.open("w", encoding="utf-8") as file:
            watch(file)
            guard.fence(Path.cwd())
            end: dict[str, Any]
            try:
                report = judge(request, lambda message: print(json.dumps(message), file=pipe))
                end = {"report": report.to_dict()}
            except (
                BaseException
            ) as problem:  # theirs are caught where they are called: this is ours
                end = {"failure": _ours(problem)}
        print(json.dumps(end), file=pipe, flush=True)
        os._exit(0)  # threads and exit handlers of theirs have no say in it


def judge(request: dict[str, Any], say: Say | None = None) -> Report:
    """Return the report on a request.

    Parameters
    ----------
    request : dict
        ``path``, ``cells`` and ``call_seconds``; optionally ``avoid``, functions that are not to be
        called and why, and ``options``, which a style may read.
    say : callable, optional
        Told messages on the way.
    """
    from chainrule.solutions.mending import mended
    from chainrule.solutions.selection import judged
    from chainrule.solutions.space import Space
    from chainrule.solutions.styles.beside import judged_beside

    began = time.perf_counter()
    cells = [Cell(**each) for each in request["cells"]]
    definitions = collect(cells)
    caller = Caller(
        request["call_seconds"],
        request.get("avoid"),
        None if say is None else lambda name: say({"at": name}),
    )
    space = Space(definitions, request["call_seconds"], caller)
    space.options = request.get("options") or {}
    if say is not None:
        space.tell = lambda line: say({"judged": doubted([line], space.cut)[0].to_dict()})
    found = judged(space)
    if found is not None:
        style, reading, judge = found

        named = space.options.get("gradient") or space.options.get("parameters")

        def missed() -> list[Judged]:
            blanks = _blanks(definitions, judge.judged)
            return [] if named else unread(definitions, (*judge.judged, *blanks))

        def report() -> Report:
            alarm = any(line.verdict.bad for line in judge.judged)
            blanks = tuple(_blanks(definitions, judge.judged))
            return Report(
                request["path"],
                style,
                tuple(reading.words),
                (*doubted(judge.judged, space.cut), *blanks, *missed()),
                () if alarm and space.cut else tuple(judge.findings),
                (*_loader(definitions, space), *judge.remarks),
                problem=space.cut if alarm else "",
                seconds=time.perf_counter() - began,
            )

        if not space.cut:
            if say is not None and judge.findings:
                say({"report": report().to_dict()})
            mended(judge)
            if not named:
                judged_beside(judge, space, {each.name for each in missed()})
        return report()
    blanks = tuple(_blanks(definitions, ()))
    return Report(
        request["path"],
        judged=blanks,
        remarks=(*_loader(definitions, space), *loop_at_top(definitions)),
        problem=space.cut or ("" if blanks else why_nothing(definitions)),
        seconds=time.perf_counter() - began,
    )


def _ours(problem: BaseException) -> str:
    frames = traceback.extract_tb(problem.__traceback__)
    package = Path(__file__).parents[1]
    ours = [frame for frame in frames if package in Path(frame.filename).parents] or frames
    where = f"{Path(ours[-1].filename).name} line {ours[-1].lineno}"
    what = f"{type(problem).__name__}: {problem}"
    return f"an error of chainrule itself, please report it: {what} ({where})"


def _blanks(definitions: Definitions, judged: list[Judged] | tuple[Judged, ...]) -> list[Judged]:
    """Return lines for functions that nobody has written, and for those that are no Python."""
    known = {each.name for each in judged}
    known |= {each.place.function for each in judged if each.place is not None}
    found = []
    for verdict, missing in (
        (Verdict.UNFINISHED, definitions.unfinished),
        (Verdict.CANNOT_RUN, definitions.lost),
    ):
        for name, (words, place) in missing.items():
            if name not in known:
                what = words if verdict is Verdict.UNFINISHED else f"it is no Python: {words}"
                found.append(Judged(name, verdict, "other", detail=what, place=place))
    return found


def _loader(definitions: Definitions, space: Any) -> tuple[Finding, ...]:
    return (*definitions.findings, *space.findings, *space.asserts.findings())


if __name__ == "__main__":
    main()
