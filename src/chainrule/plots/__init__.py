"""Pictures: a curve being learnt, the cost, a network with its weights, confusions.

Each function takes numbers and returns a matplotlib `Figure`; give ``ax`` to draw into axes of your
own. There is no ``pyplot`` in here: nothing global changes, and no window opens.
"""

from __future__ import annotations

from chainrule.plots.curves import cost_history, curve
from chainrule.plots.diagram import network
from chainrule.plots.matrix import confusion
from chainrule.plots.paper import save

__all__ = ["confusion", "cost_history", "curve", "network", "save"]
