"""The banks that mini's UNet was trained on: what was in them, without drawing them again."""

from __future__ import annotations

from collections.abc import Iterator

from mini.world.bank import Plan, picture_context
from mini.world.context import EXPRESSIONS, Context
from mini.world.registry import BROAD, roles, scenes, styles

BANKS = (
    Plan(24_000), Plan(26_000, seed=1), Plan(36_000, 6, seed=9), Plan(36_000, 6, seed=10),
    Plan(36_000, 6, seed=11, styled=0.25),
    Plan(15_000, 6, seed=14, world=BROAD, styled=0.2, new=0.4),
    Plan(15_000, 6, seed=15, world=BROAD, styled=0.2, new=0.4),
)  # fmt: skip


def trained_contexts() -> Iterator[Context]:
    """How every picture of the banks was drawn; takes a minute."""
    for plan in BANKS:
        for i in range(plan.pictures):
            yield picture_context(plan, i, i % plan.per_person == 0)


def facts_of(context: Context) -> tuple[str, str, str, str]:
    """Role, scene, style and expression."""
    return context.role, context.scene, context.style, context.expression


def never_combined() -> list[tuple[str, str, str, str]]:
    """All of the narrow world's roles in clothes of their own, scenes, styles and expressions that
    no picture of the banks holds together."""
    held = {facts_of(context) for context in trained_contexts()}
    everything = [
        (role, scene, style, mood)
        for role in roles() if role != "casual"
        for scene in scenes() for style in styles() for mood in EXPRESSIONS
    ]  # fmt: skip
    return [facts for facts in everything if facts not in held]
