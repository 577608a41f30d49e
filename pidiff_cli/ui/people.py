"""The people of a home as the page shows them, and what can be done with one."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from pidiff_cli import keeping
from pidiff_cli.errors import InputError, PidiffError, UsageError
from pidiff_cli.files import said
from pidiff_cli.profile import (
    Profile,
    age,
    check_name,
    list_locked,
    list_profiles,
    moving,
    profile_folder,
    profile_folders,
)
from pidiff_cli.profile.consent import ASKED, consent_kind, told_consent
from pidiff_cli.profile.describing import describe
from pidiff_cli.profile.finding import id_of
from pidiff_cli.profile.leaving import leaving

REPORT, PREVIEWS, NUMBERS = "likeness.html", "previews.png", "likeness.json"
LOCKED = "locked-"  # begins the ids of locked people
_MARKED = "~"


class People:
    """Profiles by their random ids, and by nothing else: no name of a file comes from the page.

    The id of a locked one cannot be read; a hash of the name stands for it. Where several have one
    id, as a profile and its import under another name, each is known by the id with that hash, and
    none by the id alone.
    """

    def __init__(self, home: Path) -> None:
        self.home = home

    def find(self, key: str) -> Profile:
        """Raises InputError: nobody here is known by this."""
        own, _, mark = key.partition(_MARKED)
        found = [p for p in list_profiles(self.home) if id_of(p) == own]
        found = [p for p in found if not mark or _mark_of(p.folder.name) == mark]
        if len(found) > 1:
            names = ", ".join(profile.folder.name for profile in found)
            raise InputError(f"{names} have one id.", "Open the page again.")
        if not found:
            raise InputError("This person is not here any more.")
        return found[0]

    def whoever(self, key: str) -> Profile:
        """As `find`, the locked ones, too: their folders are all that can be used."""
        if not key.startswith(LOCKED):
            return self.find(key)
        for name in list_locked(self.home):
            if _locked_key(name) == key:
                return Profile(self.home / "profiles" / name)
        raise InputError("This person is not locked any more, or not here.")

    def told(self) -> list[dict[str, Any]]:
        """Everybody, those that cannot be read with the reason; the locked ones last."""
        rows: list[dict[str, Any]] = []
        for folder, fault in profile_folders(self.home):
            try:
                rows.append(_problem(folder.name, fault) if fault else _told(Profile(folder)))
            except PidiffError as error:
                rows.append(_problem(folder.name, f"{error.message} {error.hint}".strip()))
        ids = [row.get("id") for row in rows]
        for row in rows:
            mark = row.pop("mark", "")
            if mark and ids.count(row["id"]) > 1:
                row["id"] += _MARKED + mark
        return rows + [self._told_locked(name) for name in list_locked(self.home)]

    def _told_locked(self, name: str) -> dict[str, Any]:
        from pidiff_cli.profile.locking import needs_passphrase

        by_passphrase = needs_passphrase(self.home / "profiles" / name)
        return {
            "id": _locked_key(name), "name": name, "locked": True, "by_passphrase": by_passphrase
        }  # fmt: skip

    def face(self, key: str) -> Path:
        """A picture of the face: of the best photo, or what a mix left. Raises InputError: none."""
        profile = self.find(key)
        photos = sorted(profile.photos, key=lambda photo: -photo.quality)
        inside = [profile.path(photo.face) for photo in photos if photo.face]
        inside += [profile.path("reports/mix.png")]
        return _first(inside, "No picture of the face is kept.")

    def file(self, key: str, name: str) -> Path:
        """The report or the previews of a person. Raises InputError: not there."""
        return _first([self.find(key).path(f"reports/{name}")], "There is no report.")

    def check_free(self, name: str) -> None:
        """Raise InputError where nobody can be called so, or somebody is."""
        check_name(name)
        if profile_folder(self.home, name).exists():
            raise InputError(f"Somebody is called {name} already.", "Take another name.")

    def rename(self, key: str, name: str) -> None:
        """Give another name. Raises InputError: it is not allowed or taken."""
        moving.rename(self.whoever(key), self.home, name)

    def copy(self, key: str, name: str) -> None:
        """A second profile of the person. Raises InputError: as `rename`."""
        moving.copy(self.find(key), self.home, name)

    def consent(self, key: str, kind: str) -> None:
        """Note whether the person agreed. Raises UsageError: of no known kind."""
        from pidiff_cli.stages.consent import keep

        if kind not in ASKED:
            raise UsageError("Say whose face this is.")
        profile = self.find(key)
        with profile.lock():
            keep(profile, kind)

    def use_step(self, key: str, step: int) -> None:
        """Draw by another kept step from now on. Raises InputError: it is not kept, or in use."""
        keeping.use_checkpoint(self.find(key).folder, step, home=self.home)

    def lock(self, key: str, passphrase: str) -> None:
        """Encrypt a person. Raises InputError: it is in use, or the disk refuses."""
        keeping.lock(self.find(key).folder, passphrase=passphrase, home=self.home)

    def unlock(self, key: str, passphrase: str) -> None:
        """Bring a locked person back. Raises PidiffError: it is not this, or takes a key."""
        folder = self.whoever(key).folder
        keeping.unlock(folder, passphrase=passphrase, home=self.home)

    def unlock_by_key(self, key: str, text: str) -> None:
        """Bring a locked person back by what stands in a key file. Raises PidiffError: there is no
        key in it, or another."""
        identities = age.identities_in(text, "The file")
        keeping.unlock(self.whoever(key).folder, identities=identities, home=self.home)

    def forget(self, key: str) -> None:
        """Remove photos and all that is of single photos. Raises InputError: it is in use."""
        keeping.forget(self.find(key).folder, home=self.home)

    def belongings(self, key: str, pictures: Path) -> list[keeping.Belonging]:
        """What was made of a person and lies where commands write, or in the page's folder of
        pictures."""
        folder = self.find(key).folder
        places: list[tuple[Path, ...]] = [(), (pictures,)] if pictures.is_dir() else [()]
        found = [one for p in places for one in keeping.belongings(folder, p, home=self.home)]
        return list({one.path.resolve(): one for one in found}.values())

    def delete(self, key: str, pictures: Path | None = None) -> None:
        """Remove a person with everything. Raises InputError: it is in use.

        Args:
            pictures: also what `belongings` finds with this folder.
        """
        found = self.belongings(key, pictures) if pictures else []
        keeping.delete(self.whoever(key).folder, found, home=self.home)

    def exported(self, key: str, photos: bool) -> tuple[bytes, str]:
        """A person as one file to keep or pass on, and its name. Raises InputError: it cannot be.

        Args:
            photos: whether the photos go along.
        """
        from pidiff_cli.stages.export.run import run_export
        from pidiff_cli.stages.progress import Progress

        profile = self.find(key)
        name = f"{profile.name}.pidiff"
        with leaving(self.home, self.home / name) as (_, scratch):  # swept after a kill
            run_export(profile, "pidiff", scratch / name, photos, self.home, Progress())
            return (scratch / name).read_bytes(), name


def _problem(name: str, why: str) -> dict[str, Any]:
    return {"name": said(name), "problem": why}


def _told(profile: Profile) -> dict[str, Any]:
    manifest, tune = profile.manifest, profile.stage_state("tune")
    row = {key: value for key, value in describe(profile).items() if key != "path"}
    tuned = bool(profile.parts)
    begun = bool(tune) and not tune.get("done", False)
    drawable = tuned or profile.has_code()
    return {
        **row, "id": manifest.id, "mark": _mark_of(profile.folder.name),
        "folder": profile.folder.name,
        "consent_told": told_consent(manifest),
        "consent_kind": consent_kind(manifest),
        "tuned": tuned, "drawable": drawable, "unfinished": begun,
        "face": any(p.face for p in manifest.photos) or profile.path("reports/mix.png").is_file(),
        "report": profile.path(f"reports/{REPORT}").is_file(),
        "previews": profile.path(f"reports/{PREVIEWS}").is_file(),
        "version": profile.fingerprint,
    }  # fmt: skip


def _locked_key(name: str) -> str:
    return f"{LOCKED}{_mark_of(name)}"


def _mark_of(name: str) -> str:
    """What stands for a folder's name, which is not told."""
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:20]


def _first(paths: list[Path], missing: str) -> Path:
    for path in paths:
        if path.is_file() and not path.is_symlink():
            return path
    raise InputError(missing)
