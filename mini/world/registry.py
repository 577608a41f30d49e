"""The worlds: which roles, scenes and styles are sampled, and how far heads turn.

NARROW is what mini's shipped networks began on and what most benchmarks draw: it stays as it is, to
the byte, and is the default everywhere. BROAD is its people and views in all roles, scenes and
styles: mini is trained on it. `Context.world` says which one a context was sampled from, and
captions follow it. A role is drawn by `garments.catalogue` and `headgear.catalogue`, a scene by
`scenes.catalogue`, a style by `styles.catalogue`, under the names given here.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Limits of a head's turn, degrees; the pose among the factors is divided by them.
YAW, PITCH, ROLL = 25.0, 8.0, 6.0


@dataclass(frozen=True)
class World:
    """A breadth of the drawn world; the first of each list is the plain one."""

    name: str
    roles: tuple[str, ...]
    scenes: tuple[str, ...]
    styles: tuple[str, ...]


NARROW = World(
    "narrow",
    roles=("casual", "astronaut", "chef", "knight", "doctor", "pirate", "wizard", "firefighter",
           "royal", "cowboy", "diver", "police", "clown", "business", "athlete"),
    scenes=("studio", "beach", "forest", "snow", "city", "space", "library", "garden", "desert",
            "kitchen", "underwater", "mountains", "castle", "stage"),
    # linocut keeps too little of a face to be recognised by: it can be asked for, is not sampled
    styles=("photo", "oil", "pencil", "watercolour", "pop"),
)  # fmt: skip
BROAD = World(
    "broad",
    roles=(*NARROW.roles, "builder", "pilot", "artist"),
    scenes=(*NARROW.scenes, "room", "street", "harbour"),
    styles=(*NARROW.styles, "woodblock"),
)
WORLDS: dict[str, World] = {world.name: world for world in (NARROW, BROAD)}

#: Camera zoom that leaves room for a role's headgear; other hats use HAT_ZOOM, bare heads
#: BARE_ZOOM.
ZOOM: dict[str, float] = {
    "casual": 1.03, "astronaut": 1.0, "chef": 1.0, "knight": 1.02, "pirate": 1.04, "wizard": 0.98,
    "royal": 1.04, "cowboy": 1.0, "diver": 1.02, "police": 1.05, "clown": 1.03, "athlete": 1.15,
    "builder": 1.05, "pilot": 1.08, "artist": 1.06,
}  # fmt: skip
BARE_ZOOM, HAT_ZOOM = 1.15, 1.05


def roles(world: World = NARROW) -> tuple[str, ...]:
    """The world's roles, "casual" first."""
    return world.roles


def scenes(world: World = NARROW) -> tuple[str, ...]:
    """The world's scenes, "studio" (a plain backdrop) first."""
    return world.scenes


def styles(world: World = NARROW) -> tuple[str, ...]:
    """The world's sampled styles, "photo" (untouched) first."""
    return world.styles


def zoom_for(role: str, hat: bool) -> float:
    """Camera zoom that keeps the role's headgear inside the frame."""
    return ZOOM.get(role, HAT_ZOOM) if hat else BARE_ZOOM
