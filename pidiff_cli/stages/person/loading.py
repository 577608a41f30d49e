"""A person is loaded: base, adapters, and what likeness is measured by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from pidiff_cli import __version__
from pidiff_cli.core.diffusion.base import Base
from pidiff_cli.errors import InputError
from pidiff_cli.profile import Manifest, Profile, as_kept_now
from pidiff_cli.profile.consent import consent_kind
from pidiff_cli.stages.base import fingerprint, identity_fingerprint
from pidiff_cli.stages.checks import check_tuned_on
from pidiff_cli.stages.faces import aligned_faces, open_reader
from pidiff_cli.stages.kept import loaded_once
from pidiff_cli.stages.person.adapted import adapted_base, fits, taken_over
from pidiff_cli.stages.person.loaded import LoadedPerson
from pidiff_cli.stages.progress import Progress
from pidiff_cli.weights.locate import BaseParts


def load_person(
    profile: Profile,
    parts: BaseParts,
    device: str,
    score: bool,
    progress: Progress,
    noun: str = "",
    last: LoadedPerson | None = None,
) -> LoadedPerson:
    """Load a base and put the profile's adapter on it; once, where `keep_loaded` asks for it.

    Args:
        score: also open the face networks, and embed the photos that likeness is measured against.
        noun: what prompts call the person; the profile's own when empty.
        last: who was drawn before and will not be any more: where it is the same base and the
            adapters agree, theirs is overwritten.

    Raises:
        InputError: no W+ code, or one of another base; the step is not kept any more.
        MissingWeightError: no such weights here.
    """

    def load() -> LoadedPerson:
        who = as_kept_now(profile)
        if last is not None:
            return _load(who, parts, device, score, progress, last)
        key = who.folder.resolve(), who.fingerprint, who.manifest.photos, parts, device, score
        kept: LoadedPerson = loaded_once(
            repr(key),
            lambda: _load(who, parts, device, score, progress),
            lambda before: _turned(before, who, parts, device, score, progress),
        )
        return replace(kept, profile=who)

    return replace(profile.reading(load), noun=noun or profile.manifest.noun)


def _load(
    profile: Profile, parts: BaseParts, device: str, score: bool, progress: Progress,
    last: LoadedPerson | None = None, ready: tuple[Base, nn.Module] | None = None,
) -> LoadedPerson:  # fmt: skip
    manifest, tuned = profile.manifest, profile.parts
    if tuned:
        check_tuned_on(profile, parts)
    mean = _code(profile)
    same = last if last is not None and last.parts == parts else None
    base, model = ready or adapted_base(profile, parts, device, mean, same)
    if not base.has_branch:
        mean = None
    if mean is not None and not fits(base, mean):
        raise InputError(
            f"The W+ code of {profile.name} is not of the base {parts.name}.",
            f"Make it anew: pidiff invert {profile.name} --base {parts.name}",
        )
    weights = same.weights if same else (fingerprint(parts), identity_fingerprint(parts))
    _tell_doubts(manifest, bool(tuned), parts.name, weights, progress)
    reader = open_reader(parts.faces) if score else None
    faces = aligned_faces(profile) if reader else {}
    reference = reader.embed([*faces.values()]) if reader and faces else None
    record = {
        "profile": {"id": manifest.id, "fingerprint": profile.fingerprint},
        "base": {"name": parts.name, "fingerprint": weights[0]},
        "consent": consent_kind(manifest),
        "versions": {"pidiff": __version__, "torch": torch.__version__},
    }
    return LoadedPerson(
        profile, base, parts, mean, reader, faces, reference, record, manifest.noun, model, weights
    )


def _turned(
    before: LoadedPerson, profile: Profile, parts: BaseParts, device: str, score: bool,
    progress: Progress,
) -> LoadedPerson | None:  # fmt: skip
    """The person on the base of who was drawn before, whose adapters make way; None where it has
    to be loaded."""
    ready = taken_over(before, profile, parts, device)
    return ready and _load(profile, parts, device, score, progress, before, ready)


def _tell_doubts(
    manifest: Manifest, tuned: bool, base: str, weights: tuple[str, str], progress: Progress
) -> None:
    """Warn where the person is not as alike as they could be; ``weights`` are those at hand."""
    name, tuned_on = manifest.name, manifest.base
    if not tuned:
        progress.warn(f"{name} is not tuned yet: drawn by the general branch alone.")
    elif tuned_on.get("fingerprint") not in (None, weights[0]):
        progress.warn(f"{name} was tuned on other weights of {base}; likeness suffers.")
    elif tuned_on.get("identity", "") != weights[1]:
        progress.warn(
            f"{name} was tuned on another general branch of {base}; tune it again: "
            f"pidiff tune {name} --base {base} --retune"
        )


def _code(profile: Profile) -> Tensor | None:
    """The person's W+ code (L, D). Raises InputError where the profile has nothing to draw by."""
    learnt = profile.manifest.base.get("wplus") != "off"
    if not learnt and "lora" in profile.parts:
        return None
    return torch.from_numpy(np.array(profile.load_identity().mean))
