"""What is known of a solution: before its gradients are looked at, and of what they should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chainrule.network import Network
from chainrule.solutions.meaning import Meaning
from chainrule.solutions.reading import Array


@dataclass(frozen=True)
class Ground:
    """What is known of a solution before its gradients are looked at.

    Parameters
    ----------
    activations : tuple of str or None
    cost : Meaning or None
    callable : bool
        Whether their cost can be called.
    forward : bool
        Whether they have a forward pass; if it is known to none of ours, nothing is assumed.
    likely : tuple of str
        Activations that the file defines.
    """

    activations: tuple[str, ...] | None
    cost: Meaning | None
    callable: bool
    forward: bool = True
    likely: tuple[str, ...] = ()


@dataclass(frozen=True)
class Truth:
    """What the gradient should be, on both probes.

    Parameters
    ----------
    networks : tuple of Network
        One for each probe.
    factors : tuple of float
        Of their cost, on that of the network.
    assumed : str
        What was assumed of the cost; empty where theirs is known.
    """

    networks: tuple[Network, ...]
    factors: tuple[float, ...]
    wanted: tuple[Mapping[str, Array], ...]
    assumed: str = ""
