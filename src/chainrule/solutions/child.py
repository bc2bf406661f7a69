"""What runs in the process of its own: reads a request, judges, and says what it found.

Messages are lines of JSON: ``{"at": …}`` says what is being called, so that a process that had to be
ended tells where; ``{"report": …}`` is the end.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from chainrule.solutions.cells import Cell
from chainrule.solutions.definitions import collect
from chainrule.solutions.findings import Report


def main() -> None:
    """Judge what stands in the request on standard input."""
    with os.fdopen(int(sys.argv[1]), "w", buffering=1) as say:
        request = json.loads(sys.stdin.read())
        report = judge(request)
        print(json.dumps({"report": report.to_dict()}), file=say)


def judge(request: dict[str, Any]) -> Report:
    """Return the report on a request.

    Parameters
    ----------
    request : dict
        ``path``, ``cells`` and ``call_seconds``.
    """
    from chainrule.solutions.selection import judged
    from chainrule.solutions.space import Space

    began = time.perf_counter()
    cells = [Cell(**each) for each in request["cells"]]
    definitions = collect(cells)
    space = Space(definitions, request["call_seconds"])
    loader = (*definitions.findings, *space.findings)
    found = judged(space)
    if found is not None:
        style, judge = found
        return Report(
            request["path"],
            style,
            judge.reading.words,
            tuple(judge.judged),
            tuple(judge.findings),
            (*loader, *judge.remarks),
            seconds=time.perf_counter() - began,
        )
    return Report(
        request["path"],
        remarks=tuple(loader),
        problem="no hand-written gradient was recognised in it",
        seconds=time.perf_counter() - began,
    )


if __name__ == "__main__":
    main()
