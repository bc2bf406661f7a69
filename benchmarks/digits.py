"""Time to 97 % of scikit-learn's digits, each library at its usual settings.

The same network everywhere, 64-100-10 with ReLU and softmax, Adam at 1e-3 (scikit-learn's own
defaults). Ours, PyTorch and JAX take batches of 64 and start as each of them usually does;
scikit-learn is left wholly at its defaults (batches of 200, a small penalty). First the test
accuracy after every pass is found, untimed; then training anew for as many passes as bring the
mean over the splits to 97 % is timed, by each library's own loop.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np

HIDDEN, CLASSES, BATCH, RATE = 100, 10, 64, 1e-3
Split = tuple[Any, Any, Any, Any]
Watch = Callable[[Any], None]  # called with what predicts labels after every pass


@cache
def split(seed: int) -> Split:
    """Return training and test images (m × 64), training and test labels."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    parts = train_test_split(images / 16, labels, test_size=0.25, random_state=seed)
    return tuple(parts)


def _batches(rng: np.random.Generator, examples: int, full: bool = False) -> Iterator[Any]:
    order = rng.permutation(examples)
    for first in range(0, examples - BATCH + 1 if full else examples, BATCH):
        yield order[first : first + BATCH]


def train_ours(data: Split, seed: int, passes: int, watch: Watch | None, **options: Any) -> None:
    """Train by `chainrule.train`, with snapshots where somebody watches."""
    import chainrule

    x, _, labels, _ = data
    a_pass = -(-len(x) // BATCH)
    snapshots = chainrule.Snapshots(every=a_pass)
    net = chainrule.Network([x.shape[1], HIDDEN, CLASSES], activation="relu", cost="cross_entropy")
    chainrule.train(
        net,
        net.initialize(seed, scheme="he"),
        x.T,
        np.eye(CLASSES)[:, labels],
        optimizer=chainrule.Adam(RATE),
        iterations=passes * a_pass,
        batch_size=BATCH,
        rng=seed,
        record_every=passes * a_pass,
        progress=False,
        callbacks=[snapshots] if watch else [],
        **options,
    )
    if watch is None:
        return
    for params in snapshots.params[1:]:
        watch(lambda images, params=params: net.forward(params, images.T).argmax(axis=0))


def train_sklearn(data: Split, seed: int, passes: int, watch: Watch | None, **_: Any) -> None:
    """Train by ``fit``, or pass by pass where somebody watches."""
    from sklearn.neural_network import MLPClassifier

    x, _, labels, _ = data
    if watch is None:
        model = MLPClassifier(max_iter=passes, random_state=seed, tol=0.0, n_iter_no_change=10**6)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it has not converged
            model.fit(x, labels)
        return
    model = MLPClassifier(random_state=seed)
    for _pass in range(passes):
        model.partial_fit(x, labels, classes=np.arange(CLASSES))
        watch(model.predict)


def train_torch(data: Split, seed: int, passes: int, watch: Watch | None, **options: Any) -> None:
    """Train as the tutorials do, with the fused Adam and indices in the place of a loader."""
    import torch

    torch.set_num_threads(options["threads"])
    torch.manual_seed(seed)
    x, labels = torch.tensor(data[0], dtype=torch.float32), torch.tensor(data[2])
    net = torch.nn.Sequential(
        torch.nn.Linear(x.shape[1], HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, CLASSES)
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE, fused=True)
    cost = torch.nn.CrossEntropyLoss()

    def predict(images: Any) -> Any:
        with torch.no_grad():
            return net(torch.tensor(images, dtype=torch.float32)).argmax(dim=1).numpy()

    for _ in range(passes):
        for chosen in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad(set_to_none=True)
            cost(net(x[chosen]), labels[chosen]).backward()
            optimizer.step()
        if watch:
            watch(predict)


@cache
def _jitted_pass() -> Any:
    import jax
    from jax import numpy as jnp

    def cost(params: Any, x: Any, labels: Any) -> Any:
        (V, c), (W, b) = params
        log_p = jax.nn.log_softmax(jax.nn.relu(x @ V + c) @ W + b)
        return -jnp.mean(jnp.take_along_axis(log_p, labels[:, None], axis=1))

    def step(data: Any, state: Any, chosen: Any) -> Any:
        params, mean, squares, count = state
        gradient = jax.grad(cost)(params, data[0][chosen], data[1][chosen])
        count = count + 1
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, gradient)
        squares = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, squares, gradient)
        rate, root = RATE / (1 - 0.9**count), jax.lax.rsqrt(1 - 0.999**count)
        params = jax.tree.map(
            lambda p, m, s: p - rate * m / (jnp.sqrt(s) * root + 1e-8), params, mean, squares
        )
        return (params, mean, squares, count), None

    @partial(jax.jit, donate_argnums=0)
    def a_pass(state: Any, data: Any, batches: Any) -> Any:
        return jax.lax.scan(partial(step, data), state, batches)[0]

    return a_pass


def train_jax(data: Split, seed: int, passes: int, watch: Watch | None, **_: Any) -> None:
    """Train by one jitted scan over the batches of a pass; the ragged last one is left out."""
    import jax
    from jax import numpy as jnp

    rng = np.random.default_rng(seed)
    x, labels = jnp.asarray(data[0], jnp.float32), jnp.asarray(data[2], jnp.int32)
    sizes = ((x.shape[1], HIDDEN), (HIDDEN, CLASSES))
    params = [
        (
            jnp.asarray(rng.standard_normal(size) * (2 / size[0]) ** 0.5, jnp.float32),
            jnp.zeros(size[1], jnp.float32),
        )
        for size in sizes
    ]
    zeros = [jax.tree.map(jnp.zeros_like, params) for _ in range(2)]
    state: Any = (params, *zeros, jnp.zeros((), jnp.float32))

    def predict(images: Any) -> Any:
        (V, c), (W, b) = state[0]
        return np.asarray((jax.nn.relu(jnp.asarray(images) @ V + c) @ W + b).argmax(axis=1))

    for _pass in range(passes):
        batches = np.stack(list(_batches(rng, len(x), full=True))).astype(np.int32)
        state = _jitted_pass()(state, (x, labels), batches)
        if watch:
            watch(predict)
    jax.block_until_ready(state)


TRAINERS = {
    "ours": train_ours,
    "sklearn": train_sklearn,
    "torch": train_torch,
    "jax": train_jax,
}


def accuracies(side: str, seed: int, passes: int, **options: Any) -> list[float]:
    """Return the test accuracy of one split after every pass."""
    data, found = split(seed), []

    def watch(predict: Any) -> None:
        found.append(float(np.mean(predict(data[1]) == data[3])))

    TRAINERS[side](data, seed, passes, watch, **options)
    return found


def seconds(side: str, seeds: list[int], passes: int, **options: Any) -> float:
    """Return the seconds of training on several splits, evaluation and data not counted."""
    everything = [split(seed) for seed in seeds]
    began = time.perf_counter()
    for seed, data in zip(seeds, everything, strict=True):
        TRAINERS[side](data, seed, passes, None, **options)
    return time.perf_counter() - began
