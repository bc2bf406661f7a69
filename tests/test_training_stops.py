"""Law: whatever ends training early, what was learnt is handed back, with the reason."""

from __future__ import annotations

import math
import pickle
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from chainrule import GradientDescent, Network, NonFiniteCost, Parameters, data, train, training
from chainrule.engines.reference import ReferenceEngine

NET = Network([1, 4, 2], activation="sigmoid", cost="squared_error")
X, Y = data.heart(23)


@pytest.fixture(autouse=True)
def python_handles_ctrl_c():
    """Whoever runs the tests may have changed it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def run(net=NET, start=None, iterations=50, rate=0.5, **options):
    start = net.initialize(1, scheme="normal") if start is None else start
    optimizer = GradientDescent(rate)
    return train(net, start, X, Y, optimizer=optimizer, iterations=iterations, **options)


# Ctrl-C -------------------------------------------------------------------------------------


def press_ctrl_c(progress):
    if progress.iteration == 20:
        signal.raise_signal(signal.SIGINT)


def press_ctrl_c_twice(progress):
    if progress.iteration == 20:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)


def raise_keyboard_interrupt(progress):
    if progress.iteration == 20:
        raise KeyboardInterrupt


@pytest.mark.parametrize("interrupt", [press_ctrl_c, press_ctrl_c_twice, raise_keyboard_interrupt])
@pytest.mark.parametrize("interval", [1, 4])
def test_ctrl_c_returns_what_was_learnt(interrupt, interval):
    interrupt.every = interval
    result = run(callbacks=[interrupt])
    assert result.reason == "interrupted"
    assert 20 <= result.iterations < 50
    assert result.params == run(iterations=result.iterations).params
    assert result.history.iteration[-1] == result.iterations
    assert result.history.cost[-1] == pytest.approx(NET.cost(result.params, X, Y), rel=1e-13)


class Watched(ReferenceEngine):
    """Has Ctrl-C pressed while the end is recorded, and must not be asked once it is closed."""

    presses, closed = 0, False

    def advance(self, state, updates):
        self.end = state.iteration + updates == 50
        return super().advance(state, updates)

    def cost_and_norms(self, params):
        assert not self.closed
        if getattr(self, "end", False):
            for _ in range(self.presses):
                signal.raise_signal(signal.SIGINT)
        return super().cost_and_norms(params)

    def close(self):
        self.closed = True


@pytest.fixture
def watched(monkeypatch):
    engines = []

    def choose(_name, problem):
        engines.append(Watched(problem))
        return engines[-1]

    monkeypatch.setattr(training, "choose", choose)
    return engines


def test_nothing_is_asked_of_a_closed_engine(watched):
    assert run(record_every=1000).history.iteration[-1] == 50
    press_ctrl_c.every = 1
    result = run(record_every=1000, callbacks=[press_ctrl_c])
    assert result.history.iteration[-1] == result.iterations < 50
    assert [engine.closed for engine in watched] == [True, True]


@pytest.mark.parametrize("presses", [1, 2, 3])
def test_ctrl_c_while_the_end_is_recorded_returns_what_was_learnt(watched, monkeypatch, presses):
    wanted = run().params
    monkeypatch.setattr(Watched, "presses", presses)
    result = run(record_every=1000)
    assert (result.reason, result.iterations) == ("interrupted", 50)
    assert result.params == wanted
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_is_pythons_again_after_training():
    def look(progress):
        seen.append(signal.getsignal(signal.SIGINT))

    seen = []
    run(iterations=3, callbacks=[look])
    assert seen[0] is not signal.default_int_handler
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    run(callbacks=[press_ctrl_c])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(NonFiniteCost):
        run(LINEAR, rate=1e9)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_handler_of_somebody_else_is_left_in_place():
    pressed = []

    def theirs(number, frame):
        pressed.append(number)

    signal.signal(signal.SIGINT, theirs)
    press_ctrl_c.every = 1
    assert run(callbacks=[press_ctrl_c]).reason == "iterations"
    assert pressed == [signal.SIGINT]
    assert signal.getsignal(signal.SIGINT) is theirs


def test_training_works_in_a_thread():
    results = []
    thread = threading.Thread(target=lambda: results.append(run()))
    thread.start()
    thread.join(timeout=30)
    assert results[0].params == run().params


CHILD = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
import numpy as np
from chainrule import GradientDescent, Network, data, train
net = Network([1, 6, 7, 2], activation="sigmoid", cost="squared_error")
x, y = data.heart()
began = lambda progress: print("began", flush=True)
began.every = 10**12
result = train(
    net, net.initialize(1, scheme="normal"), x, y,
    optimizer=GradientDescent(1.0), iterations=10**12, callbacks=[began],
)
cost = net.cost(result.params, x, y)
print(result.reason, result.iterations, cost < result.history.cost[0])
"""


def test_a_process_that_is_interrupted_prints_what_it_learnt_within_seconds():
    child = subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout.readline() == "began\n"
        time.sleep(0.7)
        pressed = time.perf_counter()
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=30)
        seconds = time.perf_counter() - pressed
    finally:
        child.kill()
        child.wait()
    reason, iterations, learnt = out.split()
    assert (child.returncode, reason, learnt) == (0, "interrupted", "True")
    assert int(iterations) > 10
    assert seconds < 3


# what is not finite -------------------------------------------------------------------------

LINEAR = Network([1, 4, 2], activation="identity", cost="squared_error")
RELU = Network([1, 6, 2], activation=["relu", "identity"], cost="squared_error")
CLASSES = Network([1, 6, 2], activation="relu", cost="squared_error", l2=100.0)
DIVERGING = {"linear": (LINEAR, 30.0), "relu": (RELU, 100.0), "penalty": (CLASSES, 1.0)}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("record_every", [1, 10**6])
@pytest.mark.parametrize(("net", "rate"), DIVERGING.values(), ids=DIVERGING)
def test_a_cost_that_is_not_finite_stops_with_the_last_good_parameters(
    net, rate, record_every, dtype
):
    start = net.initialize(3, scheme="he", dtype=dtype)
    with pytest.raises(NonFiniteCost) as caught:
        run(net, start, iterations=10**5, rate=rate, record_every=record_every)
    stopped = caught.value
    assert stopped.iteration > 1
    assert math.isfinite(net.cost(stopped.params, X, Y))
    assert stopped.params == run(net, start, stopped.iteration - 1, rate).params
    assert stopped.history.iteration[0] == 0
    assert np.isfinite(stopped.history.cost).all()
    assert stopped.history.iteration[-1] < stopped.iteration
    for part in (
        f"after {stopped.iteration} updates",
        f"a smaller learning rate, for instance a tenth of it ({rate / 10:g})",
        "scale x",
    ):
        assert part in str(stopped)


def test_a_step_to_infinite_weights_is_not_taken():
    """It would make weights of both signs infinite, and relu of their sum a silent 0."""
    net = Network([1, 2, 1], activation="relu", cost="squared_error")
    start = Parameters.from_arrays(W1=[[1], [2]], b1=[[0], [0]], W2=[[2, -0.5]], b2=[[0]])
    step = GradientDescent(1.7e308)
    with pytest.raises(NonFiniteCost) as caught:
        train(net, start, [[1.0, 2.0]], [[50.0, -50.0]], optimizer=step, iterations=3)
    assert caught.value.iteration == 0
    assert caught.value.params == start
    assert "learning rate" in str(caught.value)


def test_parameters_that_are_not_finite_are_noticed_though_a_saturated_cost_is():
    """A sigmoid of −∞ is a perfect 0, and the cost of it is finite; the weights are lost."""
    net = Network([1, 1], activation="sigmoid", cost="squared_error")
    start = Parameters.from_arrays(W1=[[0]], b1=[[0]])
    with pytest.raises(NonFiniteCost) as caught:
        train(net, start, [[1e3]], [[0]], optimizer=GradientDescent(1e308), iterations=1)
    assert caught.value.params == start


HUGE = {  # (weight, bias, x): the cost overflows, or the cost does not but a Jacobian does
    "the cost": (1e200, 0.0, 1e100),
    "a Jacobian": (0.0, 1e150, 1e200),
}


@pytest.mark.parametrize(
    ("what", "iterations"), [("the cost", 0), ("the cost", 5), ("a Jacobian", 5)]
)
def test_a_start_that_is_not_finite_is_said_to_be_the_start(what, iterations):
    weight, bias, x = HUGE[what]
    net = Network([1, 1], activation="identity", cost="squared_error")
    start = Parameters.from_arrays(W1=[[weight]], b1=[[bias]])
    with pytest.raises(NonFiniteCost) as caught:
        train(net, start, [[x]], [[0]], optimizer=GradientDescent(1), iterations=iterations)
    stopped = caught.value
    assert (stopped.iteration, stopped.params) == (0, start)
    for part in (what, "after 0 updates", "starting parameters", "scale x and y"):
        assert part in str(stopped)
    assert "learning rate" not in str(stopped)
    assert "last good" not in str(stopped)  # there are none


def test_mini_batches_and_noise_that_diverge_are_noticed():
    start = LINEAR.initialize(3)
    with pytest.raises(NonFiniteCost) as caught:
        run(LINEAR, start, 10**5, 30.0, batch_size=5, noise=0.3, rng=0)
    assert np.isfinite(caught.value.params.flat).all()


def test_the_error_can_be_pickled():
    with pytest.raises(NonFiniteCost) as caught:
        run(LINEAR, LINEAR.initialize(3), 10**5, 30.0)
    twin = pickle.loads(pickle.dumps(caught.value))
    assert (str(twin), twin.iteration) == (str(caught.value), caught.value.iteration)
    assert twin.params == caught.value.params
    assert twin.history.cost.tolist() == caught.value.history.cost.tolist()


def test_the_end_is_recorded_whatever_ended_training():
    def stop_at_four(progress):
        return progress.iteration == 4

    stop_at_four.every = 1
    stopped = run(callbacks=[stop_at_four], record_every=1000)
    assert (stopped.reason, stopped.iterations) == ("callback", 4)
    assert list(stopped.history.iteration) == [0, 4]


def test_ctrl_c_in_the_last_decision_is_not_lost():
    def press_at_the_end(progress):
        if progress.iteration == progress.iterations:
            signal.raise_signal(signal.SIGINT)

    press_at_the_end.every = 1
    assert run(callbacks=[press_at_the_end]).reason == "interrupted"
