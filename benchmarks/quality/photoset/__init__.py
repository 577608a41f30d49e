"""Real photographs, gathered for measuring only: the set, the truth about it, and what is measured.

`gather` makes the folder, `truth` (in an environment of its own) tells where faces and eyes are,
`benchmarks.quality.real_photographs` prints the table.
"""
