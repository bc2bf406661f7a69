"""Hand-written solutions: other people's notebooks and files, read, run apart, and judged.

`check.check_file` is the way in. From the file to the report: `cells`, `definitions` (what a file
defines, by its syntax tree), `sandbox` and `child` (a process of its own), `styles` (how it may be
read), `judgement`, `findings` (what comes out).
"""
