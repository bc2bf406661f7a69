"""The `chainrule` command: a way in for people who have not written a line of Python yet."""

from chainrule.cli.command import main

__all__ = ["main"]
