"""Stable Diffusion 1.5 and XL at their real size, random weights: the commands, time and memory.

    python -m benchmarks.speed.real_size [--base sd15|sdxl] [--size 512] [--device cpu] [--tiny]
                             [--no-wplus] [--out docs/measurements/real_size.json]

Writes a home with a diffusers folder in bf16 (sd15 2.1 GB, sdxl 6.9 GB), StyleGAN2-FFHQ and e4e of
their real size (1.2 GB) and, for sd15, an identity branch in the published layout, then runs
prepare, tune for 2 steps (2 for a picture of the report too) and generate for 2 steps, each in a
process of its own. With `--no-wplus`
the home has no more than `pidiff models pull` brings: the diffusers folder, and the LoRA alone
learns. Peak memory is resident, mapped weights included; on a GPU what torch held is what `tune`
tells. Random weights draw noise: this shows that it fits, nothing else. `--tiny` does the same with
the tests' small networks, to try the script. A row is written to `--out` as soon as it is measured,
in the place of an older one of the same base, parts and device; the others stay.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from benchmarks.commands import command_line, pidiff
from benchmarks.drawings import identities
from benchmarks.machine import machine, table
from benchmarks.quality.people import write_photos
from pidiff_cli.core.diffusion.single_file import CONFIGS, END, MERGES, clip_tokenizer
from pidiff_cli.core.identity.published import convert_wplus_adapter, layout
from pidiff_cli.core.wplus.e4e import Encoder
from pidiff_cli.core.wplus.published import FFHQ
from pidiff_cli.core.wplus.stylegan2 import Generator

LIMIT_MB = 20_000
DRAWN = 1_000_003  # random numbers; a prime, so that no row of a matrix is another's
SHORT = "import pidiff_cli.stages.tune.run as run; run.REPORT_STEPS = 2"
LORA = {"sd15": 8, "sdxl": 4}  # ranks of the recipes
RECIPE = """name: real-size
base: {base}
tune: {{steps: 2, batch: 1, rank: 4, alpha: 4.0, lora_rank: {rank}, lora_alpha: {rank}.0,
  size: {size}, checkpointing: always, preview_every: 0, face_phase: 0.5}}
generate: {{steps: 2, size: {size}, guidance: 5.0}}
"""


def random_state(module: nn.Module, seed: int) -> dict[str, Tensor]:
    """bf16 weights for a network on the meta device; no layer blows its input up."""
    drawn = torch.randn(DRAWN, generator=torch.Generator().manual_seed(seed))
    state = {}
    for name, value in module.state_dict().items():
        made = torch.empty(value.shape, dtype=torch.bfloat16)
        if name.endswith("bias"):
            made.zero_()
        elif value.ndim == 1:
            made.fill_(1)
        else:  # the same numbers again and again: billions of them would take a minute
            some = (drawn / math.sqrt(value[0].numel())).bfloat16()
            made = (
                some.repeat(-(-value.numel() // DRAWN))[: value.numel()].view(value.shape).clone()
            )
        state[name] = made
    return state


def write_base(folder: Path, base: str) -> None:
    """A diffusers folder with the shipped sizes of a family."""
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from transformers.models.clip.configuration_clip import CLIPTextConfig
    from transformers.models.clip.modeling_clip import CLIPTextModel, CLIPTextModelWithProjection

    config = json.loads((CONFIGS / f"{base}.json").read_text())

    def write(part: str, module: nn.Module, file: str) -> None:
        (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / part / "config.json").write_text(json.dumps(config[part]))
        save_file(random_state(module, len(part)), folder / part / file)

    with torch.device("meta"):
        parts: list[tuple[str, nn.Module, str]] = [
            ("unet", UNet2DConditionModel.from_config(config["unet"]), "diffusion_pytorch_model"),
            ("vae", AutoencoderKL.from_config(config["vae"]), "diffusion_pytorch_model"),
            ("text_encoder", CLIPTextModel(CLIPTextConfig(**config["text_encoder"])), "model"),
        ]
        if "text_encoder_2" in config:
            second = CLIPTextModelWithProjection(CLIPTextConfig(**config["text_encoder_2"]))
            parts.append(("text_encoder_2", second, "model"))
    for part, module, stem in parts:
        write(part, module, f"{stem}.safetensors")
        if part.startswith("text"):
            pad = "!" if part.endswith("2") else END
            clip_tokenizer(CONFIGS / MERGES, pad=pad).save_pretrained(
                folder / part.replace("text_encoder", "tokenizer")
            )
    (folder / "scheduler").mkdir()
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(config["scheduler"]))
    zeros = config["force_zeros_for_empty_prompt"]
    (folder / "model_index.json").write_text(json.dumps({"force_zeros_for_empty_prompt": zeros}))


def write_wplus(folder: Path) -> None:
    """StyleGAN2-FFHQ and e4e with random weights."""
    folder.mkdir(parents=True)
    decoder = {f"g_ema.{k}": v.contiguous() for k, v in Generator(1024).state_dict().items()}
    save_file(decoder | {"latent_avg": torch.zeros(18, 512)}, folder / "stylegan2.safetensors")
    encoder = {f"encoder.{k}": v.contiguous() for k, v in Encoder().state_dict().items()}
    save_file(encoder, folder / "e4e.safetensors")
    (folder / "wplus.json").write_text(json.dumps(FFHQ))


def write_home(home: Path, base: str, tiny: bool, wplus: bool) -> None:
    """Weights under ``home/models``, as `pidiff models pull` leaves them."""
    models = home / "models"
    if tiny:
        from tests.support.tiny_base import make_wplus
        from tests.support.tiny_real import make_folder

        make_folder(models / base / "diffusers", base)
        if wplus:
            (models / "ffhq").mkdir(parents=True)
            make_wplus(models / "ffhq")
        return
    write_base(models / base / "diffusers", base)
    if wplus:
        write_wplus(models / "ffhq")
    if wplus and base == "sd15":
        write_identity(home)


def write_identity(home: Path) -> None:
    """The published branch's layout with random weights, converted as `models pull` does."""
    generator = torch.Generator().manual_seed(0)
    parts: dict[str, dict[str, Tensor]] = {"w_proj": {}, "wplus_adapter": {}}
    for name, shape in layout().items():
        part, key = name.split(".", 1)
        made = torch.randn(shape, generator=generator) / math.sqrt(shape[-1])
        parts[part][key] = torch.zeros(shape) if key.endswith("bias") else made
    torch.save(parts, home / "wplus_adapter.bin")
    convert_wplus_adapter(home / "wplus_adapter.bin", home / "models" / "sd15" / "identity")


def measure(base: str, size: int, device: str, tiny: bool, wplus: bool) -> dict[str, Any]:
    """Seconds and peak MB of each command."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_home(home, base, tiny, wplus)
        photos = write_photos(identities(1)[0], home / "photos")
        recipe = home / "recipe.yaml"
        recipe.write_text(RECIPE.format(base=base, size=size, rank=LORA[base]))
        commands = {
            "prepare": ("prepare", str(photos), "--name", "p"),
            "tune": ("tune", "p", "--base", base, "--recipe", str(recipe)),
            "generate": (
                "generate", "p", "as an astronaut", "--steps", "2", "--size", str(size),
                "--out", str(home / "pics"),
            ),
        }  # fmt: skip
        found: dict[str, Any] = {"base": base, "size": size, "device": device, "tiny": tiny}
        found |= {"wplus": wplus, "lora_rank": LORA[base], **machine(device)}
        for name, words in commands.items():
            done = pidiff("--json", "--device", device, *words, home=home, before=SHORT)
            found[name] = {"seconds": round(done.seconds, 1), "peak_mb": round(done.peak_mb)}
            if name == "tune":
                found[name]["told_peak_mb"] = done.document()["peak_mb"]
            print(base, name, found[name], flush=True)
    found["fits"] = all(found[name]["peak_mb"] <= LIMIT_MB for name in commands)
    return found


def write_row(out: Path, row: dict[str, Any]) -> None:
    """Put a row in the place of an older one of the same base, parts, device and size."""
    same = {"base": "", "device": "", "size": 0, "tiny": False, "wplus": True}
    rows = json.loads(out.read_text())["rows"] if out.is_file() else []
    rows = [
        old for old in rows if any(old.get(key, none) != row[key] for key, none in same.items())
    ] + [row]
    told = {"script": "benchmarks.speed.real_size", "limit_mb": LIMIT_MB, "rows": rows}
    out.write_text(json.dumps(told, indent=1) + "\n")


def shown(row: dict[str, Any]) -> dict[str, str]:
    """The figures of a row as cells; tune and generate take two steps."""
    parts = "branch and LoRA" if row["wplus"] else "LoRA alone"
    cells = {"base": f"{row['base']}, {row['size']} px, {parts}", "device": row["device"]}
    for name in ("prepare", "tune", "generate"):
        cells[name] = f"{row[name]['seconds']:.0f} s, {row[name]['peak_mb'] / 1000:.1f} GB"
    return cells


def main() -> int:
    """Run it; exit status 1 where a command takes more than the limit."""
    parser = command_line("benchmarks.speed.real_size", __doc__)
    parser.add_argument("--base", choices=("sd15", "sdxl"), action="append")
    parser.add_argument("--size", type=int, default=0, help="px; 512, or 64 with --tiny")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--tiny", action="store_true", help="small networks, to try the script")
    parser.add_argument("--no-wplus", action="store_true", help="no W+ networks: the LoRA alone")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    args = parser.parse_args()
    size = args.size or (64 if args.tiny else 512)
    rows = []
    for base in args.base or ("sd15", "sdxl"):
        row = measure(base, size, args.device, args.tiny, not args.no_wplus)
        rows.append(row)
        if args.out:
            write_row(args.out, row)
    print(table([shown(row) for row in rows]))
    return 0 if all(row["fits"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
