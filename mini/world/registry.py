"""What can be drawn right now: roles, scenes and styles of the modules that are there.

Read lazily so that a missing or unfinished module only narrows the choice.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from mini.world.worlds import NARROW, World

#: Zoom that leaves room for tall headgear; other hats use HAT_ZOOM, bare heads BARE_ZOOM.
TALL = {"wizard": 0.98, "chef": 1.0, "astronaut": 1.0}
BARE_ZOOM, HAT_ZOOM = 1.15, 1.05


def _module(name: str) -> Any | None:
    try:
        return importlib.import_module(f"pidiff_cli.mini.world.{name}")
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("pidiff_cli"):
            return None
        raise


def _attribute(module: str, name: str, default: Any) -> Any:
    return getattr(_module(module), name, default)


def _listed(world: World, module: str, name: str, default: str) -> tuple[str, ...]:
    listed = f"WIDE_{name}" if world.listed else name
    return tuple(_attribute(module, listed, (default,))) or (default,)


def roles(world: World = NARROW) -> tuple[str, ...]:
    """The world's roles, all with a garment, "casual" always first."""
    return _listed(world, "garments", "ROLES", "casual")


def scenes(world: World = NARROW) -> tuple[str, ...]:
    """The world's scenes; "studio" alone when there is no scene module."""
    return _listed(world, "scenes", "SCENES", "studio")


def styles(world: World = NARROW) -> tuple[str, ...]:
    """The world's sampled styles; "photo" alone when there is no style module."""
    return _listed(world, "styles", "STYLES", "photo")


def garment(role: str) -> Callable[..., Sequence[Any]] | None:
    """The role's garment painter, if any."""
    found: Callable[..., Sequence[Any]] | None = _attribute("garments", "GARMENTS", {}).get(role)
    return found


def headgear(role: str) -> Callable[..., Sequence[Any]] | None:
    """The role's headgear painter, if any."""
    found: Callable[..., Sequence[Any]] | None = _attribute("headgear", "HEADGEAR", {}).get(role)
    return found


def scene_painter() -> Callable[..., Any] | None:
    """`scenes.paint_scene`, if there."""
    found: Callable[..., Any] | None = _attribute("scenes", "paint_scene", None)
    return found


def style_filter() -> Callable[..., Any] | None:
    """`styles.apply_style`, if there."""
    found: Callable[..., Any] | None = _attribute("styles", "apply_style", None)
    return found


def captioner() -> Callable[..., str] | None:
    """`captions.caption`, if there."""
    found: Callable[..., str] | None = _attribute("captions", "caption", None)
    return found


def zoom_for(role: str, hat: bool) -> float:
    """Camera zoom that keeps the role's headgear inside the frame."""
    if not hat:
        return BARE_ZOOM
    return TALL.get(role, float(_attribute("headgear", "ZOOM", {}).get(role, HAT_ZOOM)))


def hide_hair(role: str, default: float) -> float | None:
    """Head y above which the role's headgear hides the hair; None = hides none (a tiara)."""
    found: float | None = _attribute("headgear", "HIDE_HAIR", {}).get(role, default)
    return found
