"""Jobs that learn a person: from a draft's photos, or on from where an earlier one was stopped."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pidiff_cli import api
from pidiff_cli.config import NOUNS
from pidiff_cli.errors import InputError, PidiffError, StoppedError, UsageError
from pidiff_cli.profile import check_name, kept_steps, profile_folder
from pidiff_cli.stages.kept import Kept
from pidiff_cli.stages.results import PlanResult, TuneResult
from pidiff_cli.ui.asking import text, yes
from pidiff_cli.ui.drafts import Draft, Drafts
from pidiff_cli.ui.jobs import Job, Jobs
from pidiff_cli.ui.people import People

KEPT = 3  # steps beside the best one, where somebody wants to compare
LOOK = 5.0  # seconds between looks for room on a card
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

    def begin(self, asked: Mapping[str, Any]) -> Job:
        """Queue a new person: "draft", "name", "noun", "consent", "keep" (whether other steps of
        the tuning stay, to be compared).

        Raises:
            PidiffError: no photo is kept, the name is not allowed or taken, no consent is said.
        """
        draft, name = self._drafts.find(text(asked, "draft")), text(asked, "name", 64)
        keep = KEPT if yes(asked, "keep", False) else 0
        noun, consent = text(asked, "noun", 40) or "person", text(asked, "consent", 40)
        check_name(name)
        if noun not in NOUNS:
            raise UsageError(f"The noun can be {', '.join(NOUNS)}.")
        if consent not in CONSENT:
            raise UsageError("Say whose face this is.")
        if profile_folder(self._people.home, name).exists() or self._jobs.busy_with(name):
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
        return self._jobs.add(Job("tune", f"Learn {name}", name, asked={"draft": draft.id}), work)

    def go_on(self, key: str, asked: Mapping[str, Any]) -> Job:
        """Queue the tuning of a person who is there: on from its checkpoint, or, where ``asked``
        says "retune", anew. Raises PidiffError."""
        profile = self._people.find(key)
        if self._jobs.busy_with(profile.name):
            raise InputError(f"{profile.name} is being learnt already.")
        anew = asked.get("retune") is True
        keep = {"keep_checkpoints": KEPT} if anew and kept_steps(profile) else {}

        def work(job: Job, kept: Kept) -> None:
            kept.release()
            self._tune(job, retune=anew, **keep)

        return self._jobs.add(Job("tune", f"Learn {profile.name}", profile.name), work)

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
        self._wait_for_room(job, settings)
        made = api.tune(job.who, progress=self._jobs.listen(job), **settings)
        found = made.likeness
        job.answer = {"steps": made.steps, "seconds": made.seconds, "likeness": found}
        return made

    def _wait_for_room(self, job: Job, settings: dict[str, Any]) -> None:
        """On a card that other programs fill, wait until what they hold is free.

        Raises StoppedError where the job is stopped meanwhile.
        """
        told = False
        while waits := _others_in_the_way(api.plan(job.who, **settings)):
            if not told:
                told = True
                job.lines.append({"text": waits, "warning": True})
                self._jobs.changed()
            time.sleep(LOOK)
            if job.stop:
                raise StoppedError("Stopped.")

    def _where(self) -> dict[str, Any]:
        return {"home": self._people.home, "device": self._device}


def _others_in_the_way(found: PlanResult) -> str:
    """Why a tuning has to wait, in words; "" where it has room, or would have none anyway."""
    plan = found.plan
    peak, free, others = (plan.get(key) or 0 for key in ("peak_mb", "free_mb", "others_mb"))
    if not others or peak <= free or peak > free + others:
        return ""
    return (
        f"Waits for room on the card: it takes about {peak / 1000:.1f} GB, {free / 1000:.1f} are "
        f"free, other programs hold {others / 1000:.1f}."
    )
