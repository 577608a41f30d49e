"""pidiff: put a person into a generated picture."""

__version__ = "0.1.0"
