"""The table of weights: what each is for, its size and licence, where it comes from and lies.

Sizes are decimal MB. Hashes are hints: read in public material, some of them from re-uploads,
confirmed or refused when a file is first fetched. A new weight is one row here.
"""

from __future__ import annotations

from collections.abc import Sequence

from pidiff_cli.errors import UsageError
from pidiff_cli.weights.free_faces import ROWS as FREE_FACES
from pidiff_cli.weights.listed import LISTED
from pidiff_cli.weights.weight import (
    CELEBA,
    FREE,
    NVIDIA,
    OPENRAIL,
    S_LAB,
    UNSTATED,
    RemoteFile,
    Weight,
)

__all__ = [
    "EXTRAS",
    "SETS",
    "WEIGHTS",
    "RemoteFile",
    "Weight",
    "added_by",
    "same_hash",
    "weights_of",
]

_RELEASE = "https://github.com/csxmli2016/w-plus-adapter/releases/download/v1/"
_FAN = "https://www.adrianbulat.com/downloads/python-fan/"
_E4E = "https://raw.githubusercontent.com/omertov/encoder4editing/main/editings/"
_PARSER = "https://github.com/chaofengc/PSFRGAN/releases/download/v0.1.0/parse_multi_iter_90000.pth"
_CLIP = (
    "https://huggingface.co/openai/clip-vit-large-patch14/resolve/"
    "32bd64288804d66eefd0ccbe215aa642df71cc41/"
)
_NUDITY = (
    "https://huggingface.co/Falconsai/nsfw_image_detection/resolve/"
    "04367978d3474804ab1a00a9bd6548b741764069/"
)
_SEE_E4E = "linked from https://github.com/omertov/encoder4editing (a file sharing page)"

_ROWS = (
    Weight(
        "sd15-base", "Stable Diffusion 1.5, fp16, a diffusers folder", "draws; base sd15",
        2130, "creativeml-openrail-m", "yes", OPENRAIL,
        "sd15/diffusers", ("model_index.json",), repo="stable-diffusion-v1-5/stable-diffusion-v1-5",
        revision="451f4fe16113bff5a5d2269ed5ad43b0592e9a14",
    ),
    Weight(
        "sdxl-base", "Stable Diffusion XL base 1.0, fp16, a diffusers folder", "draws; base sdxl",
        6940, "openrail++", "yes", OPENRAIL,
        "sdxl/diffusers", ("model_index.json",), repo="stabilityai/stable-diffusion-xl-base-1.0",
        revision="462165984030d82259a11f4367a4eed129e94a7b",
    ),
    Weight(
        "sd15-identity", "wplus_adapter.bin, the published identity branch",
        "where the W+ branch of sd15 starts; without it from the text keys and values",
        155, "S-Lab License 1.0", "no", S_LAB,
        "sd15/identity", ("identity.json", "wproj.safetensors", "branch.safetensors"),
        (RemoteFile(_RELEASE + "wplus_adapter.bin"),), convert="wplus_adapter",
    ),
    Weight(
        "e4e", "e4e_ffhq_encode.pt: StyleGAN2-FFHQ and its W+ encoder",
        "reads faces as W+ codes and draws them: invert, stylemix, --wplus, --edit",
        1202, "NVIDIA, non-commercial", "no", NVIDIA,
        "ffhq", ("stylegan2.safetensors", "e4e.safetensors", "wplus.json"),
        (RemoteFile(
            _RELEASE + "e4e_ffhq_encode.pt",
            "2ace1d9a8c05c10a399bcd500b8dda118f759ff1aac89dbdab7435f2136a0999",
        ),), convert="e4e",
    ),
    Weight(
        "stylegan2-ffhq", "stylegan2-ffhq-config-f.pt, the plain generator",
        "takes the place of the one inside e4e; not needed beside it",
        381.5, "NVIDIA, non-commercial", "no", NVIDIA,
        "ffhq", ("stylegan2.safetensors", "wplus.json"), convert="generator",
        by_hand=_SEE_E4E, file_name="stylegan2-ffhq-config-f.pt",
        hint="bae494ef77e32a9cd1792a81a3c167692a0e64f6bcd8b06592ff42917e2ed46e",
    ),
    Weight(
        "directions", "age, pose, smile (InterfaceGAN) and the GANSpace components",
        "--edit on every base but mini", 0.4, "MIT", "unclear",
        "MIT, for a generator that forbids commercial use.",
        "ffhq/directions", ("age.pt", "pose.pt", "smile.pt", "ffhq_pca.pt"),
        (
            RemoteFile(_E4E + "interfacegan_directions/age.pt", "50074516…72ae0"),
            RemoteFile(_E4E + "interfacegan_directions/pose.pt", "736e0eac…43e7d"),
            RemoteFile(_E4E + "interfacegan_directions/smile.pt", "817a7e73…f0653"),
            RemoteFile(_E4E + "ganspace_pca/ffhq_pca.pt", "4d7f9df1…c5e5d36"),
        ),
    ),
    Weight(
        "landmarks", "2DFAN-4, face-alignment's landmark network", "finds the 68 face points",
        95.5, "unstated", "unclear", UNSTATED, "faces", ("2dfan4.safetensors",),
        (RemoteFile(_FAN + "2DFAN4-11f355bf06.pth.tar", "11f355bf06…", True),), convert="landmarks",
    ),
    Weight(
        "s3fd", "S3FD, face-alignment's face detector", "finds faces",
        89.8, "unstated", "unclear", UNSTATED, "faces", ("s3fd.safetensors",),
        (RemoteFile(
            _FAN + "s3fd-619a316812.pth",
            "619a31681264d3f7f7fc7a16a42cbbe8b23f31a256f75a366e5a1bcd59b33543", True,
        ),), convert="detector",
    ),
    *FREE_FACES,
    Weight(
        "arcface", "model_ir_se50.pth, ArcFace IR-SE50", "likeness where research use is fine",
        175.4, "MIT (code)", "unclear", "The code is MIT; the training data (MS1M) is disputed.",
        "faces", ("arcface_ir_se50.safetensors",), convert="arcface",
        by_hand="linked from https://github.com/TreB1eN/InsightFace_Pytorch (a file sharing page)",
        file_name="model_ir_se50.pth",
        hint="a035c768259b98ab1ce0e646312f48b9e1e218197a0f80ac6765e88f8b6ddf28",
    ),
    Weight(
        "parser", "parse_multi_iter_90000.pth, ParseNet", "masks hair and head by face parsing",
        85.3, "unstated", "unclear", CELEBA,
        "faces", ("parser.safetensors",), (RemoteFile(_PARSER),), convert="parser",
    ),
    Weight(
        "nudity", "Falconsai's nsfw_image_detection, a ViT-B/16",
        "looks for nudity in what every base but mini draws", 343.2, "Apache-2.0", "yes", FREE,
        "nudity", ("config.json", "model.safetensors"),
        (
            RemoteFile(_NUDITY + "config.json"),
            RemoteFile(_NUDITY + "model.safetensors", size=343_223_968),
        ),
    ),
    Weight(
        "clip", "CLIP ViT-L/14", "text alignment in evaluate and tune, on every base but mini",
        1710, "MIT", "yes", FREE,
        "clip", ("config.json", "model.safetensors", "vocab.json", "merges.txt"),
        (
            *(RemoteFile(_CLIP + name) for name in ("config.json", "vocab.json", "merges.txt")),
            RemoteFile(
                _CLIP + "model.safetensors",
                "a2bf730a0c7debf160f7a6b50b3aaf3703e7e88ac73de7a314903141db026dcb", True,
                1_710_540_580,
            ),
        ),
    ),
)  # fmt: skip


WEIGHTS: dict[str, Weight] = {row.name: row for row in (*_ROWS, *LISTED)}

_FACES = ("yunet", "sface-int8", "facemesh")  # what comes with the set-up, too
SETS: dict[str, tuple[str, ...]] = {
    "sd15": ("sd15-base", "nudity", *_FACES),
    "sdxl": ("sdxl-base", "nudity", *_FACES),
    "wplus": ("e4e",),
    "ffhq": ("e4e",),  # the word that was before wplus
    "free-faces": _FACES,
    "faces": ("landmarks", "s3fd", "sface", *_FACES),
}
"""What one word pulls; a base's set is what it needs, and open to commercial use."""
EXTRAS: dict[str, tuple[str, ...]] = {
    "wplus": ("e4e", "sd15-identity"),
    "landmarks": ("landmarks",),
}
"""What `--with` adds to it: what forbids commercial use, or does not say."""
_OF_ONE_BASE = {"sd15-identity": "sd15"}


def weights_of(word: str) -> tuple[Weight, ...]:
    """The weights behind a word: a set, or one weight. Raises UsageError that lists them."""
    if word in SETS:
        return tuple(WEIGHTS[name] for name in SETS[word])
    if word in WEIGHTS and WEIGHTS[word].folder:
        return (WEIGHTS[word],)
    if word in WEIGHTS:
        raise UsageError(
            f"pidiff does not fetch {word}; it is listed for its licence.",
            f"Its home: {WEIGHTS[word].source}",
        )
    known = ", ".join([*SETS, *(row.name for row in _ROWS)])
    raise UsageError(f"There is no weight {word!r}.", f"Known: {known}, or a hub id owner/name")


def added_by(extra: str, words: Sequence[str]) -> tuple[Weight, ...]:
    """What `--with EXTRA` adds to these words; a base's own branch to that base only.

    Raises:
        UsageError: there is no such extra; lists them.
    """
    if extra not in EXTRAS:
        raise UsageError(f"--with {extra!r} adds nothing.", f"Known: {', '.join(EXTRAS)}")
    names = (name for name in EXTRAS[extra] if _OF_ONE_BASE.get(name, "") in ("", *words))
    return tuple(WEIGHTS[name] for name in names)


def same_hash(known: str, digest: str) -> bool:
    """Whether a sha256 agrees with what is known of it ("" or "begin…end" know less)."""
    begin, _, end = known.partition("…")
    if not known or "…" in known:
        return digest.startswith(begin) and digest.endswith(end)
    return digest == known
