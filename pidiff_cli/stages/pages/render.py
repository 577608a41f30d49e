"""HTML pages of one look: Jinja2 templates that need no network and run no stranger's words."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pidiff_cli.values import visible

_HERE = "pidiff_cli.stages.pages"


def render(
    template: str, style: str = "", script: str = "", profiles: Sequence[str] = (), **values: Any
) -> str:
    """A page from a template that extends ``base.html``; every value is escaped.

    The page's content security policy lets it fetch nothing from the network and run no script but
    its own, whose sha256 it names.

    Args:
        profiles: ids of the people that it shows.
        template, style, script: files of ``templates/``; the style comes after the shared look.
        values: what the template names; data for a script go through the filter ``tojson``.
            ``policy`` is another one, of a page that a server of ours sends.
    """
    code = asset(script) if script else ""
    own = {"policy": _policy(code), "style": Markup(look() + (asset(style) if style else ""))}
    own["profiles"] = " ".join(profiles)
    own |= {key: values.pop(key) for key in own.keys() & values.keys()}
    page = _environment().get_template(template).render(**own, script=Markup(code), **values)
    return visible(page, lines=True)


def look() -> str:
    """The style sheet that all pages share."""
    return asset("look.css")


@cache
def asset(name: str) -> str:
    """The text of one file of ``templates/``."""
    return files(_HERE).joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader(_HERE), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    return made


def _policy(script: str) -> str:
    """Pictures inline or beside the page, the page's own style and script, nothing else."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    scripts = f"'sha256-{digest}'" if script else "'none'"
    return (
        f"default-src 'none'; img-src data: file: 'self'; style-src 'unsafe-inline'; "
        f"script-src {scripts}; base-uri 'none'; form-action 'none'"
    )
