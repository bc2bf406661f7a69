"""The ways in which people write backpropagation: one module each."""

from chainrule.solutions.reading import Style
from chainrule.solutions.styles.column import Column

STYLES: tuple[Style, ...] = (Column(),)

__all__ = ["STYLES"]
