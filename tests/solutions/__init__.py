"""Hand-written solutions for the tests: right ones in many forms, and mistakes planted in them.

`words` has the choices of one person and how they put each step; `column`, `dictionaries`,
`classes`, `losses` and `manual` write whole files with it; `mistakes` changes their text; `alone`
runs them without the package. Next to read: `generate`.
"""
