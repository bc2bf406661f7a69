"""Benchmarks: chainrule against its peers, all in one run; ``make bench`` runs everything.

`workloads` says what is computed, `sides` who computes it, `steps` and `trials` how it is timed,
`goals` what counts; `report` and `plot` show it. Every side runs in a process of its own
(`worker`), which the parent (`pool`) asks in turn.
"""
