"""Weights that no pull fetches: recorded for their licences, or taken in other ways."""

from __future__ import annotations

from pidiff_cli.weights.free_faces import AURAFACE
from pidiff_cli.weights.weight import CELEBA, FREE, NVIDIA, OPENRAIL, S_LAB, Commercial, Weight


def _later(
    name: str, title: str, use: str, mb: float, licence: str, commercial: Commercial, says: str,
    where: str,
) -> Weight:  # fmt: skip
    return Weight(name, title, use, mb, licence, commercial, says, by_hand=where)


_HF, _GH = "https://huggingface.co/", "https://github.com/"
LISTED = (
    _later("sd15-single", "v1-5-pruned-emaonly.safetensors, SD 1.5 in one file, sha256 "
           "6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa",
           "--base FILE instead of sd15-base", 4265, "creativeml-openrail-m", "yes", OPENRAIL,
           _HF + "stable-diffusion-v1-5/stable-diffusion-v1-5"),
    _later("sd15-single-fp16", "the same in fp16, sha256 "
           "e9476a13728cd75d8279f6ec8bad753a66a1957ca375a1464dc63b37db6e3916",
           "--base FILE instead of sd15-base", 2130, "creativeml-openrail-m", "yes", OPENRAIL,
           _HF + "Comfy-Org/stable-diffusion-v1-5-archive"),
    _later("sdxl-single", "sd_xl_base_1.0.safetensors, SDXL in one file, sha256 "
           "31e35c80fc4829d14f90153f4c74cd59c90b779f6afe05a74cd6120b893f7e5b",
           "--base FILE instead of sdxl-base", 6940, "openrail++", "yes", OPENRAIL,
           _HF + "stabilityai/stable-diffusion-xl-base-1.0"),
    _later("sdxl-vae-fp16-fix", "SDXL's autoencoder mended for fp16", "sdxl without bf16", 335,
           "MIT", "yes", FREE, _HF + "madebyollin/sdxl-vae-fp16-fix"),
    _later("sd15-vae-ft-mse", "SD 1.5's autoencoder, tuned further", "sd15", 335, "MIT", "yes",
           FREE, _HF + "stabilityai/sd-vae-ft-mse"),
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
    AURAFACE,
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
    _later("siglip", "SigLIP", "scoring", 0, "Apache-2.0", "yes", FREE,
           _HF + "google/siglip-base-patch16-224"),
    _later("dinov2", "DINOv2-base", "scoring", 346, "Apache-2.0", "yes", FREE,
           _HF + "facebook/dinov2-base"),
    _later("safety-checker", "CompVis safety checker, fp16", "safety", 608, "unstated", "unclear",
           "No licence is recorded for it here.", _HF + "CompVis/stable-diffusion-safety-checker"),
    _later("aesthetic", "Aesthetic predictor v2.5", "scoring", 0, "AGPL-3.0", "unclear",
           "AGPL: what uses it must be published; left alone.",
           _GH + "discus0434/aesthetic-predictor-v2-5"),
    _later("wplus-directions", "w-plus-adapter's own direction files", "edits", 0,
           "S-Lab License 1.0", "no", S_LAB, _GH + "csxmli2016/w-plus-adapter"),
)  # fmt: skip
