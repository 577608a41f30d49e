"""Other programs' syntax in prompts: taken out, and told."""

from __future__ import annotations

import pytest

from pidiff_cli.core.diffusion.syntax import plain_words


@pytest.mark.parametrize(
    ("typed", "read", "told"),
    [
        ("as a chef, (smiling:1.3)", "as a chef, smiling", ["(smiling:1.3): weights"]),
        ("((in the snow)), [happy]", "in the snow, happy", ["((in the snow)), [happy]: weights"]),
        ("a [king:queen:0.5] {red|blue}", "a king red", ["[king:queen:0.5], {red|blue}: weights"]),
        ("as a king <lora:foo:0.8> BREAK in the snow", "as a king in the snow",
         ["<lora:foo:0.8>: nothing is called", "BREAK: no word"]),
        ("smiling++ as a \\(chef\\)", "smiling as a (chef)", ["smiling++, \\(, \\): weights"]),
        ("as a king --ar 16:9 --v 5", "as a king", ["--ar 16:9, --v 5: options stand after"]),
        ("at the beach 🙂", "at the beach, smiling", ["🙂: read as: smiling"]),
        ("as a chef 👨\u200d🍳❄\ufe0f", "as a chef", ["👨, 🍳, ❄: no word"]),
        ("embedding:foo, as a chef", "as a chef", ["embedding:foo: nothing is called"]),
        ("BREAK", "", ["BREAK: no word"]),
    ],
)  # fmt: skip
def test_it_is_taken_out_and_told(typed: str, read: str, told: list[str]) -> None:
    text, lines = plain_words(typed)
    assert text == read and len(lines) == len(told)
    assert all(line.startswith(start) for line, start in zip(lines, told, strict=True))


@pytest.mark.parametrize(
    "typed",
    [
        "as a chef (smiling), in Zürich at 10:30",
        "a photo, 3 - 4 people",
        "breakfast in 東京",
        "",
        "a-b",
    ],
)
def test_plain_text_stays_as_it_is(typed: str) -> None:
    """To the letter: the pictures of earlier versions stay."""
    assert plain_words(typed) == (typed, [])
