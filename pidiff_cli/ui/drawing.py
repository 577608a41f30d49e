"""Jobs that draw: pictures of a person, one or two columns of them; a picture again; a mix."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pidiff_cli import api
from pidiff_cli.config import RANDOM
from pidiff_cli.core.record import read_record
from pidiff_cli.errors import InputError, UsageError
from pidiff_cli.profile import Profile, kept_steps
from pidiff_cli.stages.kept import Kept
from pidiff_cli.stages.recorded import recorded_person, recorded_settings
from pidiff_cli.stages.report.words import tells_nothing
from pidiff_cli.stages.results import GenerateResult, Picture
from pidiff_cli.ui.asking import MOST, edits_of, mark_of, number, seed_of, settings_of, text
from pidiff_cli.ui.jobs import Job, Jobs, Work
from pidiff_cli.ui.people import People
from pidiff_cli.ui.pictures import Pictures
from pidiff_cli.values import OWN

SEEDS = 1_000_000  # of which one is taken where none is given: short enough to be typed


class Drawing:
    """What draws for the page, into the folder of its pictures."""

    def __init__(self, jobs: Jobs, people: People, pictures: Pictures, device: str) -> None:
        self._jobs, self._people, self._pictures, self._device = jobs, people, pictures, device

    def load(self, key: str) -> None:
        """Load a person on the base, to be kept for the first picture. Raises PidiffError."""
        from pidiff_cli.stages import person
        from pidiff_cli.stages.opening import base_of
        from pidiff_cli.stages.progress import Progress

        profile = self._people.find(key)
        parts = base_of(self._people.home, profile)
        person.load_person(profile, parts, self._device, True, Progress())

    def draw(self, asked: Mapping[str, Any]) -> Job:
        """Queue pictures of a person.

        Args:
            asked: "who" (an id), "prompt", "count", "seed", "best", "edits", "style" {"who",
                "group", "share"}, "mark" (false: the pictures tell no program what they are),
                `asking.SETTINGS`; "beside": what another column has of these
                instead.

        Raises:
            PidiffError: something of it cannot be.
        """
        beside = asked.get("beside") or {}
        if not isinstance(beside, dict):
            raise UsageError("beside must be settings.")
        asked = _seeded(asked)
        if "seed" in beside and seed_of(beside) in (None, RANDOM):  # empty is a new one, as above
            beside = _seeded({**beside, "seed": RANDOM})
        columns = [self._column(asked)]
        if "checkpoint" in beside:  # both columns say by which step they are drawn
            steps = kept_steps(columns[0]["profile"])
            own = next((one.step for one in steps if one.own), OWN)
            columns[0].setdefault("checkpoint", own)
        if beside:
            columns.append(self._column({**asked, **beside}))
        people = tuple(name for column in columns for name in _people_of(column))
        job = Job("draw", str(columns[0]["prompt"]), people[0], people, asked=dict(asked))
        return self._jobs.add(job, self._work(columns))

    def again(self, key: str, asked: Mapping[str, Any]) -> Job:
        """Queue a picture to be drawn again from its record, with changes: "prompt", "seed",
        "mark", `asking.SETTINGS`. Raises PidiffError: whom it shows is not here, for one."""
        path = self._pictures.find(key)
        changes = settings_of(asked)
        if prompt := text(asked, "prompt"):
            changes["prompts"] = (prompt,)
        if (seed := seed_of(asked)) is not None:
            changes["seed"] = seed
        if mark := mark_of(asked):
            changes["mark"] = mark
        record = read_record(path)
        settings = recorded_settings(record, path, self._people.home)
        shown = recorded_person(record, self._people.home)
        people = _people_of({**settings, "profile": shown})

        def work(job: Job, kept: Kept) -> None:
            made = api.again(path, changes, out=self._pictures.folder, **self._where(job))
            for picture in made.images:
                self._show(job, 0, picture.path, self._alike(shown, picture))

        title = prompt or str(settings["prompts"][0])
        job = Job("draw", title, people[0], people, asked={"again": key})
        return self._jobs.add(job, work)

    def mix(self, asked: Mapping[str, Any]) -> Job:
        """Queue pictures of a mix, or store it as a profile: "a", "b" (ids), "coarse", "medium",
        "fine", "prompt", "count", "seed", "mark", "name".

        Raises:
            PidiffError: something of it cannot be, as a name that is taken.
        """
        a, b = (self._people.find(text(asked, key)) for key in ("a", "b"))
        values: dict[str, Any] = {
            name: float(number(asked, name, 0.0, 0, 1)) for name in ("coarse", "medium", "fine")
        }
        prompt, name = text(asked, "prompt"), text(asked, "name", 64)
        if name:
            self._people.check_free(name)
            if self._jobs.busy_with(name):
                raise InputError(f"Somebody is called {name} already.", "Take another name.")
        values |= {"prompt": prompt or None, "name": name or None}
        values["count"] = int(number(asked, "count", 1, 1, MOST))
        values |= {"seed": seed_of(_seeded(asked)), "mark": mark_of(asked)}

        def work(job: Job, kept: Kept) -> None:
            where = {"out": self._pictures.folder, **self._where(job)}
            made = api.stylemix(a.folder, b.folder, **values, **where)
            for picture in made.images:
                self._show(job, 0, picture.path, self._alike(a, picture))
            job.answer = {"stored": made.profile.name if made.profile else ""}

        title = f"{a.name} and {b.name}"
        job = Job("mix", f"{name}: {title}" if name else title, asked=dict(asked))
        job.people = (a.folder.name, b.folder.name, name)
        return self._jobs.add(job, work)

    def _column(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of one call of `api.generate`."""
        values: dict[str, Any] = settings_of(asked)
        values["profile"] = self._people.find(text(asked, "who"))
        values["prompt"] = text(asked, "prompt")
        if not values["prompt"]:
            raise UsageError("Say what the picture should show.")
        count = int(number(asked, "count", 1, 1, MOST))
        best = int(number(asked, "best", 0, 0, MOST))
        values |= {"count": max(count, best) if best else count, "best": best or None}
        values |= {"seed": seed_of(asked), "edits": edits_of(asked)}
        values["mark"] = mark_of(asked)
        if style := asked.get("style"):
            other = self._people.find(text(style, "who"))
            group, share = text(style, "group", 20), number(style, "share", 1.0, 0, 1)
            values["style_from"] = f"{other.folder.name}:{group}={share:g}"
        return values

    def _work(self, columns: list[dict[str, Any]]) -> Work:
        def work(job: Job, kept: Kept) -> None:
            fell = []
            for place, column in enumerate(columns):
                made = self._generate(job, place, dict(column))
                fell += [
                    {"column": place, "seed": one.seed, "reason": one.reason} for one in made.fell
                ]
                if job.stop:
                    break
            job.answer = {"fell": fell}

        return work

    def _generate(self, job: Job, place: int, values: dict[str, Any]) -> GenerateResult:
        profile: Profile = values.pop("profile")

        def shown(picture: Picture) -> None:
            self._show(job, place, picture.path, self._alike(profile, picture))

        return api.generate(
            profile.folder, values.pop("prompt"), out=self._pictures.folder,
            on_written=lambda path: self._show(job, place, path, None), on_picture=shown,
            **values, **self._where(job),
        )  # fmt: skip

    def _alike(self, profile: Profile, picture: Picture) -> float | None:
        """A picture's likeness, where one may be told."""
        from pidiff_cli.stages.opening import base_of

        family = base_of(self._people.home, profile).family
        return None if tells_nothing(profile, family) else picture.likeness

    def _show(self, job: Job, column: int, path: Path, alike: float | None) -> None:
        """A picture that is there; told again once its likeness is known."""
        key = self._pictures.key(path)
        if alike is not None:
            self._pictures.alike[key] = alike
        row = {**self._pictures.told(path), "column": column}
        known = [i for i, one in enumerate(job.pictures)
                 if one["id"] == key and one["column"] == column]  # fmt: skip
        if known:
            job.pictures[known[0]] = row
        else:
            job.pictures.append(row)
        self._jobs.changed()

    def _where(self, job: Job) -> dict[str, Any]:
        """What every function of the API takes; a job that is stopped ends where it is."""
        progress = self._jobs.listen(job, at_once=True)
        return {"home": self._people.home, "device": self._device, "progress": progress}


def _seeded(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """A new seed is chosen before all else: columns that are to be compared have one."""
    return {**asked, "seed": secrets.randbelow(SEEDS)} if seed_of(asked) == RANDOM else asked


def _people_of(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The folders' names of all whose profiles a drawing reads: "profile", and "style_from"'s."""
    style = Path(str(values.get("style_from") or "").rpartition(":")[0]).name
    return (values["profile"].folder.name, *filter(None, (style,)))
