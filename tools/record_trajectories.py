"""Record what PyTorch's optimizers and schedules do, for the tests to hold ours against.

Run with a Python that has PyTorch, which is no dependency of ours:

    python tools/record_trajectories.py > tests/recorded/optimizers.json
"""

import json

import torch

STEPS = 30
START = [1.5, -0.7, 0.3, 2.0, -1.1]
RATE = 0.05

# Σ (c x² + x⁴ / 4) + (Σ x)² / 2: curved differently along every axis, and coupled.
CURVATURES = [0.1, 3.0, 0.5, 1.0, 7.0]


def cost(x):
    curvatures = torch.tensor(CURVATURES, dtype=torch.float64)
    return (curvatures * x**2 + x**4 / 4).sum() + x.sum() ** 2 / 2


def trajectory(make, clip=None):
    x = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = make([x])
    points = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        cost(x).backward()
        if clip:
            clip([x])
        optimizer.step()
        points.append(x.detach().tolist())
    return points


def rates(make, steps):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def plateau_rates(costs, **options):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
    found = []
    for value in costs:
        scheduler.step(value)
        found.append(optimizer.param_groups[0]["lr"])
    return found


def main():
    optim, schedulers = torch.optim, torch.optim.lr_scheduler
    makers = {
        "GradientDescent(0.05)": lambda p: optim.SGD(p, lr=RATE),
        "Momentum(0.05, 0.9)": lambda p: optim.SGD(p, lr=RATE, momentum=0.9),
        "Momentum(0.02, 0.5)": lambda p: optim.SGD(p, lr=0.02, momentum=0.5),
        "Nesterov(0.05, 0.9)": lambda p: optim.SGD(p, lr=RATE, momentum=0.9, nesterov=True),
        "Nesterov(0.02, 0.6)": lambda p: optim.SGD(p, lr=0.02, momentum=0.6, nesterov=True),
        "RMSprop()": optim.RMSprop,
        "RMSprop(0.05, 0.8, 0.001)": lambda p: optim.RMSprop(p, lr=RATE, alpha=0.8, eps=1e-3),
        "Adam()": optim.Adam,
        "Adam(0.05, 0.7, 0.9, 0.01)": lambda p: optim.Adam(p, lr=RATE, betas=(0.7, 0.9), eps=0.01),
        "AdamW()": optim.AdamW,
        "AdamW(0.05, 0.7, 0.9, 0.01, 0.3)": lambda p: optim.AdamW(
            p, lr=RATE, betas=(0.7, 0.9), eps=0.01, weight_decay=0.3
        ),
    }
    clips = {
        "ClipByNorm(0.8)": lambda p: torch.nn.utils.clip_grad_norm_(p, 0.8),
        "ClipByValue(0.6)": lambda p: torch.nn.utils.clip_grad_value_(p, 0.6),
    }
    schedules = {
        "StepDecay(7, 0.3)": lambda o: schedulers.StepLR(o, 7, gamma=0.3),
        "Cosine(24)": lambda o: schedulers.CosineAnnealingLR(o, 24),
        "Cosine(24, 0.2)": lambda o: schedulers.CosineAnnealingLR(o, 24, eta_min=0.2),
        "WarmUp(10)": lambda o: schedulers.LinearLR(o, start_factor=0.1, total_iters=9),
        "OneCycle(25)": lambda o: schedulers.OneCycleLR(o, 1.0, total_steps=25),
        "OneCycle(25, 0.6, 0.1, 0.01)": lambda o: schedulers.OneCycleLR(
            o, 1.0, total_steps=25, pct_start=0.6, div_factor=10.0, final_div_factor=100.0
        ),
    }
    costs = [5.0, 4.0, 4.0, 4.1, 3.9999, 3.9, 3.95, 3.95, 3.9, 3.9, 3.91, 3.9, 3.9, 2.0, 2.1, 2.2]
    costs += [2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3]
    plateaus = {
        "ReduceOnPlateau(0.5, 2)": {"factor": 0.5, "patience": 2},
        "ReduceOnPlateau(0.1, 1, 0.01, 3)": {
            "factor": 0.1, "patience": 1, "threshold": 0.01, "cooldown": 3,
        },
        "ReduceOnPlateau(0.1, 0, 0.0001, 0, 0.02)": {"factor": 0.1, "patience": 0, "min_lr": 0.02},
    }  # fmt: skip
    print(
        json.dumps(
            {
                "made with": f"PyTorch {torch.__version__.partition('+')[0]}",
                "start": START,
                "curvatures": CURVATURES,
                "optimizers": {name: trajectory(make) for name, make in makers.items()},
                "clips": {
                    name: trajectory(makers["GradientDescent(0.05)"], clip)
                    for name, clip in clips.items()
                },
                "schedules": {name: rates(make, 24) for name, make in schedules.items()},
                "costs": costs,
                "plateaus": {
                    name: plateau_rates(costs, **options) for name, options in plateaus.items()
                },
            },
            separators=(",", ":"),
        )
    )


if __name__ == "__main__":
    main()
