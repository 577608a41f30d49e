"""stylemix: coarse, medium and fine layers of two people, on one sheet."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from pidiff_cli.config import StylemixConfig
from pidiff_cli.core.images import save_png
from pidiff_cli.core.wplus.editing import GROUPS, mix
from pidiff_cli.marks.marker import Marker
from pidiff_cli.profile import Profile, making, profile_folder
from pidiff_cli.profile.consent import mixed_consent
from pidiff_cli.stages import person
from pidiff_cli.stages.checks import check_mixing
from pidiff_cli.stages.codes import Decoder, code_of
from pidiff_cli.stages.consent import keep
from pidiff_cli.stages.progress import Progress
from pidiff_cli.stages.results import Picture, StylemixResult
from pidiff_cli.weights.locate import BaseParts

CELL, LABEL, EDGE = 128, 96, 22  # px: side of a picture, width of row names, height of the header


def run(
    a: Profile, b: Profile, config: StylemixConfig, parts: BaseParts, progress: Progress
) -> StylemixResult:
    """Mix two people's W+ codes; write the sheet, and what else was asked for.

    Raises:
        InputError: no code, codes of different bases, the name is taken.
        MissingWeightError: a network of the base is not on this machine, the W+ ones above all.
    """
    check_mixing(a, b, config, parts)
    wplus = parts.need_wplus("stylemix")
    out = person.make_folder(config.out)
    marker = person.open_marker(config, progress)
    decoder = Decoder.open(wplus)
    mixed = mix(code_of(a), code_of(b), _amounts(config))
    sheet = sheet_of(a, b, config, parts, decoder)
    settings, consent = _settings(config, a, b), mixed_consent(a.manifest, b.manifest)
    record = {"stylemix": settings, "base": {"name": parts.name}, "consent": consent}
    path = person.write_new_png(out, f"{a.name}-{b.name}-sheet", sheet, record, marker)
    images: tuple[Picture, ...] = ()
    if config.prompt:
        images = _pictures(config, a, settings, consent, parts, mixed, out, marker, progress)
    stored = _store(config, a, settings, consent, mixed, decoder) if config.name else None
    return StylemixResult(path, images, stored.folder if stored else None)


def sheet_of(
    a: Profile,
    b: Profile,
    config: StylemixConfig,
    parts: BaseParts,
    decoder: Decoder | None = None,
) -> np.ndarray:
    """The contact sheet of two people, uint8 (H, W, 3). Raises what `run` does."""
    decoder = decoder or Decoder.open(parts.need_wplus("stylemix"))
    codes, names = (code_of(a), code_of(b)), (a.name, b.name)
    return contact_sheet(decoder, *codes, _amounts(config), config.between, names)


def _amounts(config: StylemixConfig) -> dict[str, float]:
    return {"coarse": config.coarse, "medium": config.medium, "fine": config.fine}


def contact_sheet(
    decoder: Decoder,
    wa: Tensor,
    wb: Tensor,
    amounts: dict[str, float],
    between: int,
    names: tuple[str, str],
) -> np.ndarray:
    """The sheet (H, W, 3) uint8: A, B and the mix; then each group's way from A to B.

    Args:
        wa, wb: codes (L, D). amounts: how much of B in each group. between: pictures a way.
    """
    shares = torch.linspace(0, 1, between).tolist()
    ways = {name: {name: 1.0} for name in GROUPS} | {"all": dict.fromkeys(GROUPS, 1.0)}
    codes = [wa, wb, mix(wa, wb, amounts)]
    codes += [mix(wa, wb, groups, share) for groups in ways.values() for share in shares]
    pictures = decoder.pictures(torch.stack(codes))
    columns = max(between, 3)
    size = (LABEL + columns * CELL, EDGE + CELL + EDGE + len(ways) * CELL)
    sheet = Image.new("RGB", size, (250, 250, 248))
    pen = ImageDraw.Draw(sheet)
    said = ", ".join(f"{name} {value:g}" for name, value in amounts.items())
    for i, text in enumerate((names[0], names[1], "mix")):
        pen.text((LABEL + i * CELL + 4, 5), text[:20], fill=(40, 40, 40))
        _paste(sheet, pictures[i], LABEL + i * CELL, EDGE)
    pen.text((LABEL + 4, EDGE + CELL + 5), f"of {names[1]}: {said}", fill=(40, 40, 40))
    for r, name in enumerate(ways):
        y = EDGE + CELL + EDGE + r * CELL
        pen.text((8, y + CELL // 2 - 6), name, fill=(40, 40, 40))
        for c in range(between):
            _paste(sheet, pictures[3 + r * between + c], LABEL + c * CELL, y)
    return np.asarray(sheet)


def _paste(sheet: Image.Image, picture: np.ndarray, x: int, y: int) -> None:
    image = Image.fromarray(picture)
    if image.size != (CELL, CELL):
        image = image.resize((CELL, CELL), Image.Resampling.LANCZOS)
    sheet.paste(image, (x, y))


def _pictures(
    config: StylemixConfig,
    a: Profile,
    mixing: dict[str, object],
    consent: str,
    parts: BaseParts,
    mixed: Tensor,
    out: Path,
    marker: Marker | None,
    progress: Progress,
) -> tuple[Picture, ...]:
    """Diffusion pictures of the mix, with A's tuned adapter."""
    loaded = person.load_person(a, parts, config.device, True, progress)
    side = person.drawn_side(loaded, config.size, progress)
    prompt = person.prompt_reader(loaded, edits=False).read(config.prompt, progress).encoded
    settings = replace(person.draw_settings(config), size=side)
    progress.start("stylemix", config.count)
    seeds = [config.seed + i for i in range(config.count)]
    drawn = person.draw_pictures(
        loaded, [prompt] * len(seeds), mixed, seeds, settings,
        lambda: progress.advance("stylemix", 1 / config.steps),
    )  # fmt: skip
    images = []
    for seed, image in drawn:
        alike = person.alike(loaded, image)
        record = {
            "prompt": config.prompt, "full_prompt": prompt.text, "seed": seed, "b": mixing["b"],
            "settings": mixing, **loaded.record,
            "consent": consent,
        }  # fmt: skip
        whole = person.enlarged(image, config.size)
        images.append(person.write_picture(out, a.name, whole, record, alike, marker))
    progress.finish("stylemix", f"{len(images)} picture{'s' * (len(images) != 1)}")
    return tuple(images)


def _store(
    config: StylemixConfig, a: Profile, mixing: dict[str, object], consent: str, mixed: Tensor,
    decoder: Decoder,
) -> Profile:  # fmt: skip
    """The mix as a profile: its code, A's adapter, and a decoded face as its only picture."""
    code, face = mixed.numpy(), decoder.pictures(mixed[None])[0]
    manifest, parts = a.reading(lambda: (a.manifest, {p: _files_of(a, p) for p in a.parts}))
    folder = profile_folder(config.home, config.name)
    with making(folder, config.force) as aside:
        profile = Profile.create_in(aside, config.name, manifest.noun)
        with profile.changing():
            profile.save_identity(code[None], np.ones(1, np.float32), code)
            for part, contents in parts.items():
                profile.write_folder(part, partial(_write_files, contents))
            profile.write("reports/mix.png", lambda target: save_png(target, face))
            profile.update(base=manifest.base, recipe=manifest.recipe)
            keep(profile, consent)
            profile.update_stage("stylemix", **mixing)
    return Profile(folder)


def _files_of(profile: Profile, part: str) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in profile.stored(part).iterdir() if p.is_file()}


def _write_files(contents: dict[str, bytes], target: Path) -> None:
    for name, content in contents.items():
        (target / name).write_bytes(content)


def _settings(config: StylemixConfig, a: Profile, b: Profile) -> dict[str, object]:
    """The settings worth keeping; people by their random ids, neither by name nor by path."""
    hidden = {
        "home",
        "device",
        "offline",
        "out",
        "name",
        "force",
        "prompt",
        "count",
        "seed",
        "mark",
        "nudity_filter",
    }
    values = {key: value for key, value in asdict(config).items() if key not in hidden}
    return {**values, "a": a.manifest.id, "b": b.manifest.id}
