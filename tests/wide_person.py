"""The wide world's fields of a person, and the person and context that its tests change."""

from __future__ import annotations

from pidiff_cli.mini.world.context import Context
from pidiff_cli.mini.world.people import (
    WIDE_COARSE_FIELDS,
    WIDE_FINE_FIELDS,
    WIDE_MEDIUM_FIELDS,
    Person,
)
from pidiff_cli.mini.world.worlds import WIDE

FIELDS = (*WIDE_COARSE_FIELDS, *WIDE_MEDIUM_FIELDS, *WIDE_FINE_FIELDS)
MAN = Person(seed=7, noun="man", hair_shape="short", skin=-0.5, hair_length=-0.6)
CALM = Context(zoom=1.2, world=WIDE.name)
