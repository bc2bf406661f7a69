"""The ways in which people write backpropagation: one module each."""

from chainrule.solutions.reading import Style
from chainrule.solutions.styles.column import Column
from chainrule.solutions.styles.dictionaries import Dictionaries

STYLES: tuple[Style, ...] = (Column(), Dictionaries())

__all__ = ["STYLES"]
