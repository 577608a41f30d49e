"""Packages whose ``__init__`` runs when somebody first asks it for something, or never.

diffusers reads every network it has where one is asked for, and a scheduler reads scipy.stats:
two thirds of the modules that drawing a picture imports are never used.
``importlib.util.LazyLoader`` is no help there, since a package's ``__path__`` already wakes it, and
with that everything beside the one module that is wanted.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any, cast

#: What diffusers imports beside the networks of Stable Diffusion.
UNUSED = (
    "scipy.stats",
    "diffusers.models.autoencoders",
    "diffusers.models.transformers",
    "diffusers.models.unets",
)


class _Lazy(ModuleType):
    """A package that is found already and not run yet; its modules can be imported as they are."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # `inspect` and the import system look at every module
            raise AttributeError(name)
        self.__class__ = ModuleType  # type: ignore[assignment]
        try:
            cast(Any, self.__spec__).loader.exec_module(self)
        except BaseException:
            self.__class__ = _Lazy
            raise
        return getattr(self, name)


def import_lazily(*names: str) -> None:
    """Import packages when something is asked of them, not before.

    What is imported already, or not installed, stays as it is. The parents of a package are run.
    """
    for name in names:
        spec = None if name in sys.modules else _spec(name)
        if spec is None or spec.loader is None or spec.submodule_search_locations is None:
            continue
        module = module_from_spec(spec)
        module.__class__ = _Lazy
        parent, _, child = name.rpartition(".")
        sys.modules[name] = module
        if parent:
            setattr(sys.modules[parent], child, module)


def import_never(name: str) -> None:
    """Let a package count as not installed from now on, in all of this process.

    Without an effect where it is imported already.
    """
    sys.modules.setdefault(name, cast(Any, None))  # None: what the import system takes for absent


def _spec(name: str) -> ModuleSpec | None:
    try:
        return find_spec(name)
    except ModuleNotFoundError:  # its parent
        return None
