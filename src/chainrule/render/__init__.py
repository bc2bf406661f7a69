"""Readings of expressions as pages: plain text now; one module per kind of page."""
