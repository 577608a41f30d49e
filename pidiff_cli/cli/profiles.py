"""`pidiff profile`: list, show, verify, export, import, forget; others in files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pidiff_cli.cli import complete, forgetting, locking, moving, steps, streams
from pidiff_cli.cli import passphrase as given
from pidiff_cli.cli.consent import ConsentOption, ask_consent, consent_command
from pidiff_cli.cli.options import ProfileArgument
from pidiff_cli.cli.prepare import ForceOption, NounOption
from pidiff_cli.cli.reading import number, user_path
from pidiff_cli.cli.session import Session, session_of
from pidiff_cli.errors import InputError, PidiffError, UsageError
from pidiff_cli.profile import (
    TUNED_PARTS,
    Profile,
    age,
    archive,
    at_step,
    check_name,
    hold,
    kept_steps,
    list_locked,
    profile_folder,
    profile_folders,
)
from pidiff_cli.profile.consent import told_consent
from pidiff_cli.profile.describing import describe, told_step
from pidiff_cli.values import OWN

if TYPE_CHECKING:
    from pidiff_cli.stages.export.run import ImportResult

app = typer.Typer(help="See and keep profiles.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_command(context: typer.Context) -> None:
    """Every profile: its base, size and likeness."""
    session = session_of(context)
    rows: list[dict[str, Any]] = []
    faulty: list[dict[str, str]] = []
    for folder, fault in profile_folders(session.home):
        try:
            rows += [] if fault else [describe(Profile(folder))]
        except PidiffError as error:
            fault = error.message
        except OSError as error:
            fault = f"It cannot be read ({error.strerror})."
        if fault:
            faulty.append({"name": folder.name, "path": str(folder), "fault": fault})
    locked = list_locked(session.home)
    output = session.output
    cells = [
        (r["name"], r["noun"], r["base"] or "not tuned", f"{r['size_mb']:.1f} MB", r["alike"])
        for r in rows
    ]
    cells += [(name, "locked", "", "", "") for name in locked]
    if cells:
        output.table(("name", "noun", "base", "size", "likeness"), cells)
    elif not faulty:
        output.note("No profile yet. Make one: pidiff tune PHOTOS --name NAME")
    for one in faulty:
        output.warn(f"{one['name']}: {one['fault']}")
    output.result((), {"profiles": rows, "faulty": faulty, "locked": locked})


@app.command("show")
def show_command(context: typer.Context, profile: ProfileArgument) -> None:
    """One profile: what it holds and how it was made."""
    session = session_of(context)
    opened = Profile.open(profile, session.home)
    row = describe(opened)
    held = sum(photo.held_out for photo in opened.photos)
    output = session.output
    output.tell(f"{row['name']}  {row['noun']}, made {row['created']}", bold=True)
    output.tell(f"consent   {told_consent(opened.manifest)}")
    output.tell(f"photos    {row['photos']} kept, {held} of them held back for the report")
    output.tell(f"base      {row['base'] or 'not tuned'}  recipe {row['recipe'] or 'none'}")
    output.tell(f"parts     {_parts(row)}")
    output.tell(f"likeness  {row['alike']}")
    for one in kept_steps(opened):
        output.tell(f"step      {told_step(one)}")
    other = f", {row['checkpoints_mb']:.1f} of it other steps" * bool(row["checkpoints"])
    output.tell(f"size      {row['size_mb']:.1f} MB, {opened.size_mb():.1f} without photos{other}")
    output.tell(f"folder    {row['path']}")
    output.result((), row)


@app.command("verify")
def verify_command(context: typer.Context, profile: ProfileArgument) -> None:
    """Compare every file of a profile with its sha256."""
    session = session_of(context)
    opened = Profile.open(profile, session.home)
    found = opened.verify()
    if found:
        raise InputError(f"{opened.name} is not as it was written: " + " ".join(found))
    session.output.note(f"{opened.name}: {len(opened.manifest.files)} files, all as written.")
    session.output.result([opened.folder], {"profile": str(opened.folder), "problems": found})


@app.command("export")
def export_command(
    context: typer.Context,
    profile: ProfileArgument,
    kind: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAME",
            help="pidiff (one file); for other programs peft or diffusers (a folder), or of the "
            "profile's LoRA diffusers-lora, kohya or comfyui (one file)",
            autocompletion=complete.formats,
        ),
    ] = "pidiff",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="what to write [default: NAME.pidiff here]",
            parser=user_path,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="replace a file that is there, without asking")
    ] = False,
    no_photos: Annotated[
        bool,
        typer.Option(
            "--no-photos", help="leave out photos, reports and what was read of each photo"
        ),
    ] = False,
    title: Annotated[
        str,
        typer.Option("--title", metavar="TEXT", help="in a LoRA's header [default: its name]"),
    ] = "",
    with_checkpoints: Annotated[
        bool,
        typer.Option("--with-checkpoints", help="the other kept steps of the tuning, too"),
    ] = False,
    checkpoint: Annotated[
        int,
        typer.Option(
            "--checkpoint",
            metavar="STEP",
            help="for other programs: a kept step in the place of the one that draws",
            show_default=False,
            parser=number(int, "checkpoint"),
        ),
    ] = OWN,
    encrypt: Annotated[
        bool, typer.Option("--encrypt", help="in the age format, NAME.pidiff.age")
    ] = False,
    passphrase_file: given.PassphraseOption = None,
    recipient: given.RecipientOption = None,
) -> None:
    """Write a profile as one file, to keep or for another program.

    It is read back before it counts. A LoRA file (diffusers-lora, kohya, comfyui)
    holds of what was learnt only what a LoRA can: the W+ part stays behind.
    """
    session = session_of(context)
    opened = Profile.open(profile, session.home)
    output = session.output
    from pidiff_cli.stages.export import run as export

    if not encrypt and (passphrase_file is not None or recipient):
        raise UsageError("A passphrase or key is for an encrypted file.", "Add --encrypt")
    export.check_steps(kind, checkpoint, with_checkpoints, not no_photos)
    opened = at_step(opened, checkpoint)
    target = export.place_of(opened, kind, out, encrypt)
    if target.exists() and not force and streams.can_ask():
        if not output.confirm(f"{target} is there already. Replace it?"):
            raise InputError(f"{target} stays as it is.", "Another place: --out FILE")
        force = True
    keys = None
    if encrypt:
        keys = given.to_lock(passphrase_file, recipient, target.name)
        output.warn(given.lost(keys))
    if kind != "pidiff":
        output.loading()
    done = export.run_export(
        opened, kind, out, not no_photos, session.home, output.progress(), title, force, keys,
        with_checkpoints,
    )  # fmt: skip
    output.close()
    holds = "with photos of the person" if done.photos else "without photos"
    output.note(f"{opened.name} as {kind}, {done.mb:.1f} MB, {holds}.")
    if done.word:
        from pidiff_cli.stages.export.lora import LOST

        output.note(f"In a prompt the person is {done.word!r}. {LOST}")
    output.result([done.path], done)


@app.command("import")
def import_command(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="written by `profile export`, or a LoRA (.safetensors)",
            parser=user_path,
        ),
    ],
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="what to call it [default: its own]")
    ] = "",
    force: ForceOption = False,
    photos: Annotated[
        list[Path] | None,
        typer.Option(
            "--photos",
            metavar="PATH",
            help="of a LoRA's person: photos, or a folder",
            parser=user_path,
        ),
    ] = None,
    base: Annotated[
        str,
        typer.Option(
            "--base",
            metavar="BASE",
            help="of a LoRA [default: told from the file]",
            autocompletion=complete.bases,
        ),
    ] = "",
    noun: NounOption = None,
    consent: ConsentOption = None,
    passphrase_file: given.PassphraseOption = None,
    identity: given.IdentityOption = None,
) -> None:
    """Read a profile file in, checked byte by byte, whole or not at all.

    Or, with --photos, a LoRA that was trained elsewhere (kohya, diffusers, PEFT):
    the photos say who it is, the LoRA draws.
    """
    from pidiff_cli.stages.export import run as export

    session, output = session_of(context), session_of(context).output
    if not file.exists():
        raise InputError(f"There is no {file}.", "Check the path of the file.")
    if export.is_lora(file):
        done = _import_lora(session, file, photos, name, base, noun, consent, force)
    else:
        if photos or base or noun or consent:
            raise UsageError(
                f"{file.name} is no LoRA: --photos, --base, --noun and --consent belong to one."
            )
        kind, keys = age.kind_of(file), None
        if not kind and (passphrase_file is not None or identity is not None):
            raise UsageError(f"{file.name} is not encrypted: it needs no passphrase and no key.")
        if kind:
            keys = given.to_open(passphrase_file, identity, file.name, kind == "passphrase")
        done = export.run_import(file, session.home, name, force, keys)
        output.note(f"{done.name}: {done.files} files, all as written, {done.photos} photos.")
    if not done.base_ready:
        output.warn(
            f"It needs the base {done.base}, which is not here. "
            f"Fetch it once: pidiff models pull {done.base}"
        )
    elif done.base:
        output.note(f'Try: pidiff generate {done.name} "as an astronaut"')
    output.result([done.profile], done)


def _import_lora(
    session: Session,
    file: Path,
    photos: list[Path] | None,
    name: str,
    base: str,
    noun: str | None,
    consent: str | None,
    force: bool,
) -> ImportResult:
    """A LoRA as a profile's second part; tells what of it came in and what did not."""
    from pidiff_cli import api
    from pidiff_cli.stages.export import foreign
    from pidiff_cli.stages.export import run as export

    if not photos and file.is_file() and file.suffix.lower() not in archive.PICKLES:
        raise UsageError(
            f"{file.name} is a LoRA; a profile needs photos of the person too.",
            f"pidiff profile import {file.name} --photos DIR --name NAME",
        )
    name = name or export.name_of(file)
    check_name(name)
    found = foreign.find_lora(file, base or "auto", name, session.home, force)
    consent = ask_consent(session, photos or [], name, consent, force)
    with hold(profile_folder(session.home, name)):
        api.prepare(photos or [], name, noun=noun, consent=consent, force=force, **session.where())
        done = foreign.put_lora(Profile.open(name, session.home), found, session.home)
    session.output.note(f"{done.name}: {done.layers} layers of {done.base}, {done.photos} photos.")
    if done.left_out:
        left = ", ".join(f"{count} {kind}" for kind, count in done.left_out.items())
        session.output.warn(f"Left out of the LoRA: {left}. It will look a little other.")
    return done


app.command("consent")(consent_command)
app.command("forget")(forgetting.forget_command)
app.command("lock")(locking.lock_command)
app.command("unlock")(locking.unlock_command)
app.command("rename")(moving.rename_command)
app.command("copy")(moving.copy_command)
app.command("delete")(moving.delete_command)
app.command("use-checkpoint")(steps.use_command)


def _parts(row: dict[str, Any]) -> str:
    """The tuned parts, and under which licences they were made where that was recorded."""
    words = [title for name, title in TUNED_PARTS.values() if name in row["parts"]]
    said = [", ".join(words) or "none"]
    if row["licences"]:
        made = ", ".join(f"{part} ({licence})" for part, licence in row["licences"].items())
        said += [f"made with: {made}", f"commercial use: {row['commercial_use']}"]
    return "; ".join(said)
