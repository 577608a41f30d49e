"""The table of weights: what each is for, its size and licence, where it comes from and lies.

Sizes are decimal MB. Hashes are hints: read in public material, some of them from re-uploads,
confirmed or refused when a file is first fetched. A new weight is one row here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pidiff_cli.errors import UsageError

Commercial = Literal["yes", "no", "unclear"]


@dataclass(frozen=True)
class RemoteFile:
    """One plain file on the web.

    Attributes:
        url: where it is; its last part is the file's name.
        sha256: what is known of its hash: all of it, or "begin…end"; "" when nothing is.
        sure: whether that hash is the publisher's own file's; if not, another one is only told.
    """

    url: str
    sha256: str = ""
    sure: bool = False

    @property
    def name(self) -> str:
        """The file's name."""
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Weight:
    """One weight, or the few files that make no sense apart.

    Attributes:
        name: the word for `pidiff models pull`.
        title: what it is; use: what it does here.
        mb: size of what is fetched.
        licence: its name. commercial: whether it allows commercial use; says: one sentence on it.
        folder: where it lies under models/; "" when pidiff has no use for it yet.
        makes: files in `folder` that are there when it is whole.
        files: plain files to fetch. repo: or a diffusers model on the hub.
        revision: of the repository.
        convert: how the fetched file becomes `makes`; "" keeps it as it is.
        by_hand: how to get it where no program can fetch it.
    """

    name: str
    title: str
    use: str
    mb: float
    licence: str
    commercial: Commercial
    says: str
    folder: str = ""
    makes: tuple[str, ...] = ()
    files: tuple[RemoteFile, ...] = ()
    repo: str = ""
    revision: str = "main"
    convert: str = ""
    by_hand: str = ""
    file_name: str = field(default="", kw_only=True)

    @property
    def source(self) -> str:
        """Where it comes from, as an address or in words."""
        if self.repo:
            return f"https://huggingface.co/{self.repo}"
        return self.files[0].url if self.files else self.by_hand

    @property
    def asks(self) -> bool:
        """Whether a person must accept its licence first (permissive ones ask nothing)."""
        return self.licence not in ("MIT", "Apache-2.0")


OPENRAIL = "Commercial use is allowed; its use restrictions pass on to you."
NVIDIA = "Forbids commercial use: it descends from NVIDIA's StyleGAN2."
S_LAB = "Forbids commercial use: S-Lab License 1.0."
FREE = "Commercial use is allowed."
UNSTATED = "The code is BSD-3; no licence is stated for the weights."
CELEBA = (
    "Learnt from CelebAMask-HQ, which is for research only; the effect on weights is unsettled."
)

_RELEASE = "https://github.com/csxmli2016/w-plus-adapter/releases/download/v1/"
_FAN = "https://www.adrianbulat.com/downloads/python-fan/"
_ZOO = "https://github.com/opencv/opencv_zoo/raw/47534e27c9851bb1128ccc0102f1145e27f23f98/models/"
_E4E = "https://raw.githubusercontent.com/omertov/encoder4editing/main/editings/"
_SEE_E4E = "linked from https://github.com/omertov/encoder4editing (a file sharing page)"

_ROWS = (
    Weight(
        "sd15-base", "Stable Diffusion 1.5, fp16, a diffusers folder", "draws; base sd15",
        2130, "creativeml-openrail-m", "yes", OPENRAIL,
        "sd15/diffusers", ("model_index.json",), repo="stable-diffusion-v1-5/stable-diffusion-v1-5",
    ),
    Weight(
        "sdxl-base", "Stable Diffusion XL base 1.0, fp16, a diffusers folder", "draws; base sdxl",
        6940, "openrail++", "yes", OPENRAIL,
        "sdxl/diffusers", ("model_index.json",), repo="stabilityai/stable-diffusion-xl-base-1.0",
    ),
    Weight(
        "sd15-identity", "wplus_adapter.bin, the published identity branch",
        "where tune on sd15 starts; without it from the text keys and values",
        155, "S-Lab License 1.0", "no", S_LAB,
        "sd15/identity", ("identity.json", "wproj.safetensors", "branch.safetensors"),
        (RemoteFile(_RELEASE + "wplus_adapter.bin"),), convert="wplus_adapter",
    ),
    Weight(
        "e4e", "e4e_ffhq_encode.pt: StyleGAN2-FFHQ and its W+ encoder",
        "reads faces as W+ codes and draws them; every base but mini",
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
        96, "unstated", "unclear", UNSTATED, "faces", ("2dfan4.safetensors",),
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
    Weight(
        "yunet", "YuNet 2023mar, OpenCV's face detector", "finds faces, small and permissive",
        0.23, "MIT", "yes", FREE, "faces", ("face_detection_yunet_2023mar.onnx",),
        (RemoteFile(
            _ZOO + "face_detection_yunet/face_detection_yunet_2023mar.onnx",
            "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4", True,
        ),),
    ),
    Weight(
        "sface", "OpenCV SFace, a face embedder", "likeness on photographs (the default)",
        38.7, "Apache-2.0", "yes", FREE + " What it was trained on is not documented.",
        "faces", ("face_recognition_sface_2021dec.onnx",),
        (RemoteFile(
            _ZOO + "face_recognition_sface/face_recognition_sface_2021dec.onnx",
            "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79", True,
        ),),
    ),
    Weight(
        "arcface", "model_ir_se50.pth, ArcFace IR-SE50", "likeness where research use is fine",
        175.4, "MIT (code)", "unclear", "The code is MIT; the training data (MS1M) is disputed.",
        "faces", ("arcface_ir_se50.safetensors",), convert="arcface",
        by_hand="linked from https://github.com/TreB1eN/InsightFace_Pytorch (a file sharing page)",
        file_name="model_ir_se50.pth",
    ),
    Weight(
        "parser", "parse_multi_iter_90000.pth, ParseNet", "masks hair and head by face parsing",
        85, "unstated", "unclear", CELEBA,
        "faces", ("parser.safetensors",), convert="parser",
        by_hand="linked from https://github.com/chaofengc/PSFRGAN",
        file_name="parse_multi_iter_90000.pth",
    ),
    Weight(
        "sdxl-vae-fp16-fix", "SDXL's autoencoder mended for fp16", "sdxl where bf16 is missing",
        335, "MIT", "yes", FREE, "sdxl/vae-fp16-fix", ("config.json",),
        repo="madebyollin/sdxl-vae-fp16-fix",
    ),
    Weight(
        "sd15-vae-ft-mse", "SD 1.5's autoencoder, finer on faces", "sd15, by choice",
        335, "MIT", "yes", FREE, "sd15/vae-ft-mse", ("config.json",),
        repo="stabilityai/sd-vae-ft-mse",
    ),
)  # fmt: skip


def _later(
    name: str, title: str, use: str, mb: float, licence: str, commercial: Commercial, says: str,
    where: str,
) -> Weight:  # fmt: skip
    return Weight(name, title, use, mb, licence, commercial, says, by_hand=where)


_HF, _GH = "https://huggingface.co/", "https://github.com/"
_LATER = (  # recorded for their licences; nothing here reads them yet
    _later("lcm-sd15", "LCM-LoRA SD 1.5", "few-step drawing", 135, "openrail++", "yes", OPENRAIL,
           _HF + "latent-consistency/lcm-lora-sdv1-5"),
    _later("lcm-sdxl", "LCM-LoRA SDXL", "few-step drawing", 394, "openrail++", "yes", OPENRAIL,
           _HF + "latent-consistency/lcm-lora-sdxl"),
    _later("tcd-sd15", "TCD-LoRA SD 1.5", "few-step drawing", 135, "MIT", "yes", FREE,
           _HF + "h1t/TCD-SD15-LoRA"),
    _later("tcd-sdxl", "TCD-LoRA SDXL", "few-step drawing", 394, "MIT", "yes", FREE,
           _HF + "h1t/TCD-SDXL-LoRA"),
    _later("taesd", "TAESD", "fast previews", 9.8, "MIT", "yes", FREE, _HF + "madebyollin/taesd"),
    _later("taesdxl", "TAESDXL", "fast previews", 4.9, "MIT", "yes", FREE,
           _HF + "madebyollin/taesdxl"),
    _later("restyle-e4e", "ReStyle-e4e", "inversion", 809, "NVIDIA, non-commercial", "no", NVIDIA,
           _GH + "yuval-alaluf/restyle-encoder"),
    _later("hyperstyle", "HyperStyle", "inversion", 1441, "NVIDIA, non-commercial", "no", NVIDIA,
           _GH + "yuval-alaluf/hyperstyle"),
    _later("mediapipe", "MediaPipe face_landmarker.task", "face points", 3.76, "Apache-2.0", "yes",
           FREE, "https://developers.google.com/mediapipe"),
    _later("blazeface", "BlazeFace, front and back", "finds faces", 1.01, "Apache-2.0", "yes",
           FREE, _GH + "hollance/BlazeFace-PyTorch"),
    _later("facenet", "facenet-pytorch, VGGFace2", "likeness", 107, "MIT (code)", "unclear",
           "The code is MIT; the training data is CC-BY-NC; disputed.",
           _GH + "timesler/facenet-pytorch"),
    _later("insightface", "buffalo_l and antelopev2", "likeness", 0, "research only", "no",
           "Forbids commercial use: non-commercial research only.",
           _GH + "deepinsight/insightface"),
    _later("birefnet", "BiRefNet", "background matting", 885, "MIT", "yes", FREE,
           _GH + "ZhengPeng7/BiRefNet"),
    _later("modnet", "MODNet", "background matting", 0, "Apache-2.0", "yes", FREE,
           _GH + "ZHKKKe/MODNet"),
    _later("u2net", "U²-Net", "background matting", 0, "Apache-2.0", "yes", FREE,
           _GH + "xuebinqin/U-2-Net"),
    _later("sam2", "SAM 2.1", "masks", 0, "Apache-2.0", "yes", FREE,
           _GH + "facebookresearch/sam2"),
    _later("face-parsers", "BiSeNet and SegFormer face parsers", "masks", 0, "unstated", "unclear",
           CELEBA, _GH + "zllrunning/face-parsing.PyTorch"),
    _later("rmbg", "RMBG-2.0", "background matting", 0, "non-commercial", "no",
           "Forbids commercial use.", _HF + "briaai/RMBG-2.0"),
    _later("clip", "CLIP ViT-L/14", "scoring", 1710, "MIT", "yes", FREE,
           _HF + "openai/clip-vit-large-patch14"),
    _later("siglip", "SigLIP", "scoring", 0, "Apache-2.0", "yes", FREE,
           _HF + "google/siglip-base-patch16-224"),
    _later("dinov2", "DINOv2-base", "scoring", 346, "Apache-2.0", "yes", FREE,
           _HF + "facebook/dinov2-base"),
    _later("nsfw", "Falconsai nsfw_image_detection", "safety", 343, "Apache-2.0", "yes", FREE,
           _HF + "Falconsai/nsfw_image_detection"),
    _later("safety-checker", "CompVis safety checker, fp16", "safety", 608, "unstated", "unclear",
           "No licence is recorded for it here.", _HF + "CompVis/stable-diffusion-safety-checker"),
    _later("aesthetic", "Aesthetic predictor v2.5", "scoring", 0, "AGPL-3.0", "unclear",
           "AGPL: what uses it must be published; left alone.",
           _GH + "discus0434/aesthetic-predictor-v2-5"),
    _later("wplus-directions", "w-plus-adapter's own direction files", "edits", 0,
           "S-Lab License 1.0", "no", S_LAB, _GH + "csxmli2016/w-plus-adapter"),
)  # fmt: skip

WEIGHTS: dict[str, Weight] = {row.name: row for row in (*_ROWS, *_LATER)}

_FACES = ("landmarks", "s3fd", "yunet", "sface")
SETS: dict[str, tuple[str, ...]] = {
    "sd15": ("sd15-base", "sd15-identity", "e4e", *_FACES),
    "sdxl": ("sdxl-base", "e4e", *_FACES),
    "ffhq": ("e4e",),
    "faces": _FACES,
}
"""What one word pulls; a base's set is all that the base needs."""


def weights_of(word: str) -> tuple[Weight, ...]:
    """The weights behind a word: a set, or one weight. Raises UsageError that lists them."""
    if word in SETS:
        return tuple(WEIGHTS[name] for name in SETS[word])
    if word in WEIGHTS and WEIGHTS[word].folder:
        return (WEIGHTS[word],)
    if word in WEIGHTS:
        raise UsageError(
            f"pidiff has no use for {word} yet; it is listed for its licence.",
            f"Its home: {WEIGHTS[word].source}",
        )
    known = ", ".join([*SETS, *(row.name for row in _ROWS)])
    raise UsageError(f"There is no weight {word!r}.", f"Known: {known}, or a hub id owner/name")


def same_hash(known: str, digest: str) -> bool:
    """Whether a sha256 agrees with what is known of it ("" or "begin…end" know less)."""
    begin, _, end = known.partition("…")
    if not known or "…" in known:
        return digest.startswith(begin) and digest.endswith(end)
    return digest == known
