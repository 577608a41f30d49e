"""Lines for a terminal of some width: broken between words, continued under where they began.

A terminal breaks what is too long at its edge, in the middle of a word or a path. Where the output
is no terminal, lines stay whole.
"""

from __future__ import annotations

import re

LEAST = 24  # columns that a line is given beside its indent
#: A column that begins after the label of a piece of work, or after a name in a list.
_HANG = re.compile(r" *(\S+(?: \S+)?  +)?")
_HARD = "\0"  # stands for a space that is part of a path


def whole(path: object) -> str:
    """A path's text, not to be broken at its spaces; `broken` gives them back."""
    return str(path).replace(" ", _HARD)


def plain(text: str) -> str:
    """The text as it is written where lines stay whole."""
    return text.replace(_HARD, " ")


def broken(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` columns; a word that is longer has a line of its own.

    Continued lines begin under the text's second column, or under its first.
    """
    from rich.cells import cell_len

    found: list[str] = []
    for line in text.split("\n"):
        if cell_len(line) <= width:
            found.append(plain(line))
            continue
        indent = len(_HANG.match(line)[0])  # type: ignore[index]
        indent = indent if width - indent >= LEAST else len(line) - len(line.lstrip())
        now, used = "", 0
        for gap, word in re.findall(r"( *)([^ ]+)", line):
            size = cell_len(gap) + cell_len(word)
            if now.strip() and used + size > width:
                found.append(plain(now))
                now, used, gap = " " * indent, indent, ""
                size = cell_len(word)
            now, used = now + gap + word, used + size
        found.append(plain(now))
    return found
