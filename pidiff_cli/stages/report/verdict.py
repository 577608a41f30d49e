"""What a report's numbers say, in sentences: the first thing that is read."""

from __future__ import annotations

from typing import Any

from pidiff_cli.stages.report.words import NOT_TOLD, in_words

GAIN = 0.01  # likeness of the previews: less of a change is none
LOST, CHANGED, COPIED = 0.05, 0.05, 0.5  # from here on it is told
HEAD = 0.5  # of the attention's overlap with the head; below it the branch looks elsewhere

Document = dict[str, Any]


def verdict(data: Document) -> list[str]:
    """Sentences on likeness, on what tuning brought, and on what it cost.

    Args:
        data: the document of `page.build_json`.
    """
    found = [_likeness(data), better(data["likeness"]), _text(data), _copied(data), _rest(data)]
    return [line for line in found if line]


def better(likeness: Document) -> str:
    """Whether the kept step's previews are more alike than those before any step; "" where that
    was not measured, or no number may be told."""
    if not likeness.get("learnt", True):
        return "Nothing was learnt: no network here could tell whether that helps."
    if likeness.get("best_step") == 0:
        return "Better than before tuning: no, no step was, so the person stays as before."
    before, after = likeness.get("before"), likeness.get("after")
    if before is None or after is None or not likeness.get("told", True):
        return ""
    numbers = f"previews {before:.2f} before, {after:.2f} after"
    if after >= before + GAIN:
        return f"Better than before tuning: yes ({numbers})."
    if after > before - GAIN:
        return f"Better than before tuning: no, as alike as before ({numbers})."
    return f"Better than before tuning: no ({numbers})."


def _likeness(data: Document) -> str:
    likeness, told = data["measures"]["likeness"], data["likeness"]
    value, own = likeness["value"], likeness["beside"]
    if not told.get("told", True):
        return f"{NOT_TOLD[0].upper()}{NOT_TOLD[1:]}."
    if value is None:
        return f"Likeness was not measured: {likeness['why'] or 'no network is here'}"
    margin = data["measures"]["stranger_margin"]["value"]
    words = in_words(value, own, None if margin is None else value - margin)
    held = told.get("held_out") is not None
    on = "photos held back" if held else "the photos it learnt from, which flatters"
    beside = f"; your own photos agree at {own:.2f}" if own is not None else ""
    head = f"{words[0].upper()}{words[1:]}: likeness" if words else "Likeness"
    return f"{head} {value:.2f} on {on}{beside}."


def _text(data: Document) -> str:
    measures = data["measures"]
    lost, text = measures["text_drop"]["value"], measures["text"]
    if lost is None or not text["beside"]:
        return ""
    share = lost / abs(text["beside"])
    if share < LOST:
        return "Prompts are followed as well as without the person."
    return f"Prompts are followed less well than without the person: {100 * share:.0f} % lost."


def _copied(data: Document) -> str:
    row = data["measures"]["copy_paste"]
    value = row["value"]
    if value is None or value < COPIED or value - (row["plus_minus"] or 0) <= COPIED / 2:
        return ""
    return "Pose and expression follow the photos more than the prompt: photos with others help."


def _rest(data: Document) -> str:
    changed = data["measures"]["background"]["value"]
    overlap = data["measures"]["iou"]["value"]
    parts = []
    if changed is not None and changed >= CHANGED:
        parts.append(
            f"The background changes with the person ({100 * changed:.0f} % of the range)."
        )
    if overlap is not None and overlap < HEAD:
        parts.append("The person's branch does not look at the head alone.")
    return " ".join(parts)
