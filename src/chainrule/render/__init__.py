"""Readings of expressions as pages: text, LaTeX, HTML; one table of spellings each."""
