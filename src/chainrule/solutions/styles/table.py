"""The styles, in the order in which they are tried."""

from chainrule.solutions.reading import Style
from chainrule.solutions.styles.beside import Beside
from chainrule.solutions.styles.classes import Classes
from chainrule.solutions.styles.column import Column
from chainrule.solutions.styles.dictionaries import Dictionaries
from chainrule.solutions.styles.layers import Layers
from chainrule.solutions.styles.loops import Loops
from chainrule.solutions.styles.losses import Losses
from chainrule.solutions.styles.manual import Manual
from chainrule.solutions.styles.ownloss import OwnLoss
from chainrule.solutions.styles.regression import Regressions
from chainrule.solutions.styles.trained import Trained
from chainrule.solutions.styles.tuples import Tuples
from chainrule.solutions.styles.units import Units

STYLES: tuple[Style, ...] = (
    Column(),
    Regressions(),  # its two functions would be tuples of a network without a forward pass
    Tuples(),  # before a gradient function is asked for a cost that stands beside it
    Losses(),
    Dictionaries(),
    Layers(),
    Classes(),
    OwnLoss(),
    Manual(),
    Loops(),
    Trained(),
    Losses(pairs=True),
    Units(),
    Beside(),
)

NETWORKS = tuple(
    s for s in STYLES if isinstance(s, (Column, Tuples, Dictionaries, Layers, Classes))
)
"""Those whose readings are judged as networks, so that they can be held against each other."""

__all__ = ["NETWORKS", "STYLES"]
