"""The pages speak of what is there: links, paths and modules that they name exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.places import ROOT

PACKAGE = ROOT / "pidiff_cli"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
#: What was is told there, and in a changelog, under the names that it had.
PAST = (ROOT / "docs" / "history", ROOT / "CHANGELOG.md")

LINK = re.compile(r"\]\(([^)\s]+)\)")
TOP = r"pidiff_cli|mini|benchmarks|tests|docs|recipes|\.ci"
PATH = re.compile(rf"`((?:{TOP})/[\w./*-]+)`")
INSIDE = re.compile(r"`((?:cli|stages|core|profile|weights)/[\w./-]+\.(?:py|json|md))`")
RUN = re.compile(r"python3? -m ((?:pidiff_cli|mini|benchmarks|tests)[\w.]*)")
SCRIPT = re.compile(r"python3? ((?:benchmarks|docs|tests|mini)/[\w./-]+\.py)")
MODULE = re.compile(r"(?:from|import) (pidiff_cli(?:\.\w+)*|mini(?:\.\w+)+)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _is_past(page: Path) -> bool:
    return any(page == old or old in page.parents for old in PAST)


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made from their text."""
    titles = (re.sub(r"[^\w\- ]", "", title.lower()) for title in HEADING.findall(_text(page)))
    return {title.strip().replace(" ", "-") for title in titles}


def _dead_links(page: Path) -> Iterator[str]:
    for link in LINK.findall(_text(page)):
        target, _, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:"):
            continue
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in _anchors(file)):
            yield link


def _is_module(name: str) -> bool:
    place = ROOT.joinpath(*name.split("."))
    return place.is_dir() or place.with_suffix(".py").is_file()


def _can_run(name: str) -> bool:
    place = ROOT.joinpath(*name.split("."))
    return (place / "__main__.py").is_file() or place.with_suffix(".py").is_file()


def _absent(page: Path) -> Iterator[str]:
    """Paths and modules that a page names and that are not there."""
    text = _text(page)
    yield from (name for name in PATH.findall(text) if not [*ROOT.glob(name.rstrip("/"))])
    yield from (name for name in INSIDE.findall(text) if not (PACKAGE / name).exists())
    yield from (name for name in SCRIPT.findall(text) if not (ROOT / name).is_file())
    yield from (name for name in RUN.findall(text) if not _can_run(name))
    yield from (name for name in MODULE.findall(text) if not _is_module(name))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_resolve(page: Path) -> None:
    assert not sorted(set(_dead_links(page)))


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if not _is_past(page)],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_what_is_named_is_there(page: Path) -> None:
    assert not sorted(set(_absent(page)))
