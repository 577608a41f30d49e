"""Jobs that learn a person: from a draft's photos, or on from where an earlier one was stopped."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pidiff_cli import api
from pidiff_cli.config import NOUNS
from pidiff_cli.core.device import free_gpu_mb
from pidiff_cli.errors import (
    InputError,
    OutOfMemoryError,
    PidiffError,
    StoppedError,
    UsageError,
)
from pidiff_cli.profile import Profile, kept_steps
from pidiff_cli.stages.kept import Kept
from pidiff_cli.stages.results import TuneResult
from pidiff_cli.ui.asking import text, yes
from pidiff_cli.ui.drafts import Draft, Drafts
from pidiff_cli.ui.jobs import LEARNS, Job, Jobs
from pidiff_cli.ui.people import People
from pidiff_cli.weights.auto import choose_base

KEPT = 3  # steps beside the best one, where somebody wants to compare
LOOK = 5.0  # seconds between looks for room on a card
HEAR = 0.1  # seconds between looks whether to stop waiting
#: What may be said of a person's consent → what the page asks.
CONSENT = {
    "self": "This is me",
    "agreed": "Somebody else, who agreed",
    "synthetic": "Nobody real: drawn or generated",
}


class Learning:
    """What learns people for the page.

    Attributes:
        settings: of every tuning, as `api.tune` takes them; the recipe's where there are none.
    """

    def __init__(self, jobs: Jobs, people: People, drafts: Drafts, device: str) -> None:
        self._jobs, self._people, self._drafts, self._device = jobs, people, drafts, device
        self.settings: dict[str, Any] = {}

    def base_told(self) -> str:
        """On which base the next person would be learnt here, and why, in words."""
        choice = choose_base(self._people.home, self._card_mb())
        return f"{choice.why} {choice.advice}".rstrip()

    def _card_mb(self) -> float | None:
        """What the card has for us, decimal MB, once other programs give back theirs; None where
        there is none. Going by what is free now, who comes while it is full would be learnt on
        mini, and not wait."""
        free = free_gpu_mb(self._device)
        if free is None:
            return None
        import torch

        from pidiff_cli.stages.tune.plan import held_by_others

        return free + held_by_others(torch.device("cuda")) / 1e6

    def _base_for(self, name: str) -> str:
        """The base for a person: auto keeps one that was learnt already on its own."""
        known = Profile.open(name, self._people.home).manifest.base.get("name")
        card = None if known else self._card_mb()
        return "auto" if card is None else choose_base(self._people.home, card).name

    def begin(self, asked: Mapping[str, Any]) -> Job:
        """Queue a new person: "draft", "name", "noun", "consent", "keep" (whether other steps of
        the tuning stay, to be compared).

        Raises:
            PidiffError: no photo is kept, the name is not allowed or taken, no consent is said.
        """
        draft, name = self._drafts.find(text(asked, "draft")), text(asked, "name", 64)
        keep = KEPT if yes(asked, "keep", False) else 0
        noun, consent = text(asked, "noun", 40) or "person", text(asked, "consent", 40)
        self._people.check_free(name)
        if noun not in NOUNS:
            raise UsageError(f"The noun can be {', '.join(NOUNS)}.")
        if consent not in CONSENT:
            raise UsageError("Say whose face this is.")
        if self._jobs.busy_with(name):
            raise InputError(f"Somebody is called {name} already.", "Take another name.")
        if not any(row["kept"] for row in self._drafts.told(draft)["photos"]):
            raise InputError("No photo is kept.", "Drop one with a sharp face.")

        def work(job: Job, kept: Kept) -> None:
            kept.release()
            try:
                self._prepare(job, draft, name, noun, consent)
            except PidiffError:
                self._drafts.give_back(draft)
                raise
            self._tune(job, **({"keep_checkpoints": keep} if keep else {}))

        self._drafts.take(draft)
        job = Job("tune", f"Learn {name}", name, asked={"draft": draft.id})
        try:
            return self._jobs.add(job, work)
        except InputError:
            self._drafts.give_back(draft)
            raise

    def go_on(self, key: str, asked: Mapping[str, Any]) -> Job:
        """Queue the tuning of a person who is there: on from its checkpoint, or, where ``asked``
        says "retune", anew. Raises PidiffError."""
        profile = self._people.find(key)
        name = profile.folder.name
        if self._jobs.busy_with(name, LEARNS):
            raise InputError(f"{name} is being learnt already.")
        anew = asked.get("retune") is True
        keep = {"keep_checkpoints": KEPT} if anew and kept_steps(profile) else {}

        def work(job: Job, kept: Kept) -> None:
            kept.release()
            self._tune(job, retune=anew, **keep)

        return self._jobs.add(Job("tune", f"Learn {name}", name), work)

    def _prepare(self, job: Job, draft: Draft, name: str, noun: str, consent: str) -> None:
        """The draft's photos become a profile; then the uploaded copies go."""
        made = api.prepare(
            draft.taken(), name, faces=draft.by_hand(), seen=draft.seen, noun=noun,
            consent=consent, progress=self._jobs.listen(job), **self._where(),
        )  # fmt: skip
        job.who = made.profile.name
        self._drafts.discard(draft)
        self._jobs.changed(people=True)

    def _tune(self, job: Job, **settings: Any) -> TuneResult:
        settings = {**self.settings, **settings, **self._where()}
        settings["base"] = self._base_for(job.who)
        while True:
            self._wait_for_room(job, settings)
            try:
                made = api.tune(job.who, progress=self._jobs.listen(job), **settings)
                break
            except OutOfMemoryError as error:  # others were quicker
                if not error.passing:
                    raise
        job.answer = {"steps": made.steps, "seconds": made.seconds, "likeness": made.likeness}
        return made

    def _wait_for_room(self, job: Job, settings: dict[str, Any]) -> None:
        """On a card that other programs fill, wait until what they hold is free, and say so.

        Raises StoppedError where the job is stopped meanwhile.
        """
        while waits := self._in_the_way(job, settings):
            job.waits = waits
            self._jobs.changed()
            end = time.monotonic() + LOOK
            while time.monotonic() < end:
                if job.stop:
                    raise StoppedError("Stopped.")
                time.sleep(min(HEAR, LOOK))
        job.waits = ""

    @staticmethod
    def _in_the_way(job: Job, settings: dict[str, Any]) -> str:
        """Why a tuning has to wait, in words; "" where it has room. Raises OutOfMemoryError: it
        would have none with the whole card either."""
        try:
            api.plan(job.who, **settings)
        except OutOfMemoryError as error:
            if not error.passing:
                raise
            return f"Waits for memory, and begins by itself. {error.message}"
        return ""

    def _where(self) -> dict[str, Any]:
        return {"home": self._people.home, "device": self._device}
