"""A base of random, very small networks in the real file formats, made on the fly for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

SIZE = 64  # px: latents of 4 x 8 x 8
ROWS, DIM, WIDTH, TOKENS = 12, 16, 32, 32
GROUPS = tuple((i, i + 2) for i in range(0, ROWS, 2))
WORDS = (
    "a an the photo painting oil portrait of person man woman boy girl as in on with at astronaut"
    " chef knight smiling sad snow beach forest white background face"
).split()


def make_base(folder: Path, seed: int = 0, values: float = 1.0) -> Path:
    """Write ``diffusers/`` and ``identity/`` under ``folder``; the same seed, the same bytes.

    Args:
        values: scale of V† in the general branch, so that an identity leaves a clear mark.
    """
    from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from diffusers.schedulers.scheduling_ddim import DDIMScheduler
    from transformers.models.clip.configuration_clip import CLIPTextConfig
    from transformers.models.clip.modeling_clip import CLIPTextModel

    from mini.train.text.tokenizer import write_tokenizer
    from pidiff_cli.core.diffusion.base import save_identity_branch
    from pidiff_cli.core.identity.attention import attach, cross_attentions
    from pidiff_cli.core.identity.tokens import WPlusProjector

    torch.manual_seed(seed)
    parts = folder / "diffusers"
    tokenizer = write_tokenizer(parts / "tokenizer", WORDS)
    text = CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=WIDTH, intermediate_size=64, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=TOKENS,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    CLIPTextModel(text).save_pretrained(parts / "text_encoder")
    AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 8, 8, 8),
        num_encoder_blocks=(1, 1, 1, 1), num_decoder_blocks=(1, 1, 1, 1), latent_channels=4,
    ).save_pretrained(parts / "vae")  # fmt: skip
    unet = UNet2DConditionModel(
        sample_size=SIZE // 8, in_channels=4, out_channels=4,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), block_out_channels=(16, 32),
        layers_per_block=1, cross_attention_dim=WIDTH, attention_head_dim=2, norm_num_groups=4,
    )  # fmt: skip
    unet.save_pretrained(parts / "unet")
    DDIMScheduler(
        prediction_type="v_prediction", clip_sample=False, timestep_spacing="trailing",
        beta_schedule="scaled_linear",
    ).save_pretrained(parts / "scheduler")  # fmt: skip
    (parts / "model_index.json").write_text(json.dumps(MODEL_INDEX))
    attach(unet, WIDTH)
    for _, attn in cross_attentions(unet):
        attn.to_v_id.weight.data *= values
    projector = WPlusProjector(ROWS, DIM, GROUPS, WIDTH)
    save_identity_branch(folder / "identity", unet, projector, closed_vocabulary=True)
    make_wplus(folder)
    return folder


def make_wplus(folder: Path) -> None:
    """Write a random 128 px generator and encoder with 12 rows of 16."""
    from safetensors.torch import save_file

    from pidiff_cli.core.wplus.e4e import Encoder
    from pidiff_cli.core.wplus.stylegan2 import Generator
    from pidiff_cli.core.wplus.weights import read_sizes
    from pidiff_cli.weights.locate import PACKAGE_WEIGHTS

    channels = {4: 8, 8: 8, 16: 8, 32: 4, 64: 4, 128: 4}
    net = Generator(128, DIM, 2, channels)
    small: dict[str, Any] = {"side": 128, "widths": [4, 4, 8, 8], "units": [1, 1, 1, 1]}
    small |= {"reduction": 2, "coarse": 4, "middle": 12, "stride": 2}
    encoder = Encoder(ROWS, DIM, **small)
    tensors = {f"g_ema.{k}": v for k, v in net.state_dict().items()}
    tensors |= {"latent_avg": torch.randn(ROWS, DIM) * 0.1}
    tensors |= {"factor_directions": torch.randn(79, ROWS, DIM) * 0.1}
    save_file(tensors, folder / "stylegan2.safetensors")
    codes = {f"encoder.{k}": v.contiguous() for k, v in encoder.state_dict().items()}
    save_file(codes, folder / "e4e.safetensors")
    sizes = {
        "size": 128, "style_dim": DIM, "n_mlp": 2, "rows": ROWS, "encoder": small,
        "channels": {str(k): v for k, v in channels.items()},
        "factors": read_sizes(PACKAGE_WEIGHTS)["factors"],  # names of edits
    }  # fmt: skip
    (folder / "wplus.json").write_text(json.dumps(sizes))


MODEL_INDEX = {
    "_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.42.1",
    "feature_extractor": [None, None], "image_encoder": [None, None],
    "requires_safety_checker": False, "safety_checker": [None, None],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderTiny"],
}  # fmt: skip
