"""Trains a little, and fails unless the engine that did it is the one that is named.

Warnings are shown: a package without its kernel gives one, once.
"""

from __future__ import annotations

import sys
import warnings

import chainrule

wanted = sys.argv[1]
net = chainrule.Network([1, 6, 7, 2], activation="sigmoid", cost="squared_error")
x, y = chainrule.data.heart(100)
start = net.initialize(rng=2, scheme="normal")
step = chainrule.GradientDescent(learning_rate=7.0)
with warnings.catch_warnings(record=True) as met:
    warnings.simplefilter("default")
    for _ in range(2):
        result = chainrule.train(
            net, start, x, y, optimizer=step, iterations=200, engine="auto", progress=False
        )
costs = f"cost {net.cost(start, x, y):.3f} → {net.cost(result.params, x, y):.3f}"
print(f"engine {result.engine}, {costs}; {len(met)} warnings in two trainings")
for each in met:
    print(f"  {each.category.__name__}: {each.message}")
sys.exit(0 if result.engine == wanted and len(met) == (wanted == "reference") else 1)
