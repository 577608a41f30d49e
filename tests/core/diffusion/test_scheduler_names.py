"""The samplers' names are checked without diffusers; here they are held against it."""

from __future__ import annotations

from importlib.util import find_spec

import diffusers.schedulers as real
import pytest

from pidiff_cli.core.diffusion.schedulers import (
    CLASSES,
    PACKAGES,
    SCHEDULERS,
    check_scheduler,
    make_scheduler,
)
from pidiff_cli.errors import UsageError

CONFIG = {"_class_name": "DDIMScheduler", "beta_schedule": "scaled_linear"}


@pytest.mark.parametrize("name", sorted({"", *SCHEDULERS, *CLASSES}))
def test_what_is_let_through_is_made_and_nothing_else(name: str) -> None:
    try:
        check_scheduler(name)
    except UsageError as error:
        kind = SCHEDULERS.get(name, (name, {}))[0]
        assert find_spec(PACKAGES[kind]) is None
        with pytest.raises(UsageError, match=error.message):
            make_scheduler(CONFIG, name)
    else:
        made = make_scheduler(CONFIG, name)
        assert name in ("", *SCHEDULERS) or type(made).__name__ == name
        assert hasattr(real, type(made).__name__)


@pytest.mark.parametrize("name", ["eular", "foo", "DPM", "__init__", "schedulers"])
def test_other_names(name: str) -> None:
    with pytest.raises(UsageError, match="There is no scheduler"):
        check_scheduler(name)


def test_capitals_do_not_count() -> None:
    check_scheduler("Euler_A")
    check_scheduler("eulerdiscrete")
