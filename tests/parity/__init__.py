"""Comparisons with vectors that the public reference code made; `python -m tests.parity DIR`.

One module a file, named after it, with `check(path, folder) -> (error, tolerance)`.
"""
