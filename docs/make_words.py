"""Write what mini knows into README.md. Run: python docs/make_words.py"""

from __future__ import annotations

from pathlib import Path

TARGET = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- words: written by docs/make_words.py -->\n", "<!-- /words -->"


def table() -> str:
    """A row for each kind of thing, and one for looks."""
    from pidiff_cli.stages.words import known_words

    known = known_words()
    rows = [(name, ", ".join(phrases)) for name, phrases in known.groups.items()]
    rows.append(("looks", ", ".join(known.looks)))
    return (
        "\n".join(["| | |", "|---|---|", *(f"| {kind} | {said} |" for kind, said in rows)]) + "\n"
    )


def written(text: str) -> str:
    """README's text with the table of now."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END, 1)[1]


if __name__ == "__main__":
    TARGET.write_text(written(TARGET.read_text(encoding="utf-8")), encoding="utf-8")
