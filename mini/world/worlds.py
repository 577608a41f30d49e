"""The worlds: how much of what can be drawn is sampled.

NARROW is what mini's shipped networks began on and what most benchmarks draw: it stays as it is, to
the byte, and is the default everywhere. BROAD is its people and views in all roles, scenes and
styles: text encoder, UNet and judge were trained on for it. WIDE has more of everything: people,
poses, light, a second person, things before the face, a camera's faults.

Everything that only the wide world uses is a field of `Person` or `Context` whose default draws
nothing, so all worlds share one drawing code. A person knows nothing of worlds; a context says in
`Context.world` which one it was sampled from, and `draw`, `factors` and `caption` follow it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class World:
    """A breadth of the drawn world; yaw, pitch and roll are limits in degrees.

    Banks and captions are drawn from people with ids below `people`; those from there on are
    companions or held out. The pose among the factors is divided by the limits. Roles, scenes and
    styles: `registry`; factor names and groups: `factors.names` and `factors.groups`; words:
    `captions_wide.vocabulary`.

    Attributes:
        listed: all roles, scenes and styles, and pairs of them that are held out of training.
        varied: more people, poses, light and factors, company, occluders and a camera.
    """

    name: str
    yaw: float
    pitch: float
    roll: float
    people: int
    listed: bool = False
    varied: bool = False


NARROW = World("narrow", yaw=25.0, pitch=8.0, roll=6.0, people=1_000_000)
BROAD = World("broad", yaw=25.0, pitch=8.0, roll=6.0, people=1_000_000, listed=True)
WIDE = World("wide", 30.0, 15.0, 15.0, people=500_000, listed=True, varied=True)
WORLDS: dict[str, World] = {world.name: world for world in (NARROW, BROAD, WIDE)}
