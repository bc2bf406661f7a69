"""Run scikit-learn's own tests of its multi-layer perceptron against ours: `make peer-tests`.

The file is read from the installed package; in it, only the line that imports the estimators is
another. Every test passes, or stands in `DIFFERING` with the reason why ours is right to differ:
one that differs unnamed, or passes though it is named, is an error.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest
import sklearn
from sklearn import neural_network

THEIRS = "from sklearn.neural_network import MLPClassifier, MLPRegressor"
OURS = "from chainrule import MLPClassifier, MLPRegressor"
PRIVATE = "it reads scikit-learn's private {}; tests/test_estimators.py has the same law by {}"
DIFFERING = {
    "test_gradient": PRIVATE.format("_loss_grad_lbfgs", "check_gradients"),
    "test_learning_rate_warmstart": PRIVATE.format("_optimizer", "the rate that callbacks see"),
    "test_adaptive_learning_rate": PRIVATE.format("_optimizer", "the rate that callbacks see"),
    "test_n_iter_no_change": PRIVATE.format("_no_improvement_count", "n_iter_"),
    "test_n_iter_no_change_inf": PRIVATE.format("_no_improvement_count", "n_iter_"),
    "test_nonfinite_params": "the message is ours: it says what was not finite, and when",
    "test_warm_start": "the message is ours: it names the classes that are new or missing",
    "test_early_stopping_stratified": "the message names the class by its label, not as 'True'",
}


class Outcomes:
    """Collects what became of each test."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test."""
        if report.when == "call" or not report.passed:
            self.of[report.nodeid.partition("::")[2]] = report.outcome


def main() -> int:
    """Run them, print what came of it, and return 1 if something is not as it is said here."""
    source = Path(neural_network.__file__).parent / "tests" / "test_mlp.py"
    text = source.read_text(encoding="utf-8")
    if THEIRS not in text:
        print(f"{source.name} of scikit-learn {sklearn.__version__} does not have: {THEIRS}")
        return 1
    outcomes = Outcomes()
    with tempfile.TemporaryDirectory() as folder:
        test = Path(folder) / "test_mlp_of_ours.py"
        test.write_text(text.replace(THEIRS, OURS), encoding="utf-8")
        options = ["-q", "-p", "no:cacheprovider", "-p", "sklearn.conftest", "--no-header"]
        pytest.main(
            [*options, "--tb=line", "-W", "ignore", f"--rootdir={folder}", str(test)], [outcomes]
        )
    failed = {name for name, outcome in outcomes.of.items() if outcome == "failed"}
    families = {name.partition("[")[0] for name in failed}
    counts = {
        kind: sum(each == kind for each in outcomes.of.values()) for kind in ("passed", "skipped")
    }
    print(
        f"scikit-learn {sklearn.__version__}: {counts['passed']} of {len(outcomes.of)} passed, "
        f"{len(failed)} differ with a reason, {counts['skipped']} skipped by themselves"
    )
    for name in sorted(families & set(DIFFERING)):
        print(f"  {name}: {DIFFERING[name]}")
    for name in sorted(families - set(DIFFERING)):
        print(f"  {name}: FAILED, and no reason is given")
    for name in sorted(set(DIFFERING) - families):
        print(f"  {name}: passes, though a reason is given why it should not")
    return int(families != set(DIFFERING))


if __name__ == "__main__":
    sys.exit(main())
