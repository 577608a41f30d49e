"""Rivals that teach the base a word: textual inversion, DreamBooth-LoRA, Custom Diffusion.

Each follows the stock script of diffusers: the same placeholders, losses and library classes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.rivals.cases import NOUN, Case, photos_of
from benchmarks.rivals.shop import Made, Shop, all_seeds, full_prompts
from benchmarks.rivals.train import Plan, count, ddpm, fine_tune

RARE = "z"  # a token that no caption held
NEW = "<new1>"
#: Of the stock templates those that the base has words for.
TEMPLATES = (
    "a photo of a {}", "a portrait of a {}", "a picture of a {}", "a photograph of a {}",
    "a portrait photo of a {}", "a good photo of a {}", "a photo of the {}", "a close photo of a {}"
)  # fmt: skip
Settings = dict[str, Any]


class _Words:
    """A pipeline with its own text encoder, tokenizer and UNet, all free to change."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        stock = shop.pipe
        self.pipe = type(stock)(
            vae=stock.vae, text_encoder=copy.deepcopy(stock.text_encoder),
            tokenizer=copy.deepcopy(stock.tokenizer), unet=shop.own_unet(),
            scheduler=copy.deepcopy(stock.scheduler), safety_checker=None, feature_extractor=None,
            requires_safety_checker=False,
        )  # fmt: skip
        self.pipe.set_progress_bar_config(disable=True)

    def states(self, texts: list[str]) -> Tensor:
        """Text states (B, S, D), with gradient where the encoder has one."""
        pipe = self.pipe
        texts = [pipe.maybe_convert_prompt(text, pipe.tokenizer) for text in texts]
        ids = pipe.tokenizer(
            texts, padding="max_length", truncation=True, return_tensors="pt",
            max_length=pipe.tokenizer.model_max_length,
        ).input_ids  # fmt: skip
        states: Tensor = pipe.text_encoder(ids)[0]
        return states

    def add_words(self, words: list[str], like: str) -> tuple[nn.Parameter, Tensor]:
        """New tokens that start as ``like``; the embedding table and its new rows' places.

        Only those rows get a gradient.
        """
        tokenizer, encoder = self.pipe.tokenizer, self.pipe.text_encoder
        tokenizer.add_tokens(words)
        start = tokenizer(like, add_special_tokens=False).input_ids[0]
        encoder.resize_token_embeddings(len(tokenizer), mean_resizing=False)
        places = torch.tensor(tokenizer.convert_tokens_to_ids(words))
        table: nn.Parameter = encoder.get_input_embeddings().weight
        encoder.requires_grad_(False)
        with torch.no_grad():
            table[places] = table[start].clone()
        table.requires_grad_(True)
        new = torch.zeros(len(table), 1)
        new[places] = 1
        table.register_hook(lambda gradient: gradient * new)
        return table, places

    def pictures(self, case: Case, rename: Callable[[str], str]) -> Any:
        """The case's pictures, its prompts with the person's own word in them."""
        prompts = [rename(text) for text in full_prompts(case)]
        return self.shop.draw(self.pipe, prompts, all_seeds(case))


def textual_inversion(shop: Shop, case: Case, settings: Settings) -> Iterator[Made]:
    """Gal 2022: embeddings of new tokens. Settings: steps, rate, vectors, batch."""
    own = _Words(shop)
    words = ["<face>", *(f"<face>_{i}" for i in range(1, settings["vectors"]))]
    table, places = own.add_words(words, NOUN)

    def texts(size: int, generator: torch.Generator) -> Tensor:
        pick = torch.randint(len(TEMPLATES), (size,), generator=generator).tolist()
        return own.states([TEMPLATES[i].format("<face>") for i in pick])

    data = shop.encode(photos_of(case).rgb)
    plan = plan_of(settings, decay=0.0)
    for step, seconds in fine_tune(own.pipe.unet, ddpm(own.pipe), [table], data, texts, plan):
        images = own.pictures(case, lambda text: text.replace(NOUN, "<face>", 1))
        yield Made(images, None, seconds, len(places) * table.shape[1], step)


def dreambooth_lora(shop: Shop, case: Case, settings: Settings) -> Iterator[Made]:
    """Ruiz 2022 with LoRA by PEFT, prior preservation on.

    Settings: steps, rate, rank, batch, text (1 also puts LoRA on the text encoder).
    """
    from peft import LoraConfig

    own = _Words(shop)
    rank, both = int(settings["rank"]), bool(settings.get("text", 0))
    on = {"r": rank, "lora_alpha": rank, "init_lora_weights": "gaussian"}
    unet, encoder = own.pipe.unet, own.pipe.text_encoder
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # LoRA's A matrices start random
        unet.add_adapter(LoraConfig(**on, target_modules=["to_k", "to_q", "to_v", "to_out.0"]))
        if both:
            names = ["q_proj", "k_proj", "v_proj", "out_proj"]
            encoder.add_adapter(LoraConfig(**on, target_modules=names))
    parts = (unet, encoder) if both else (unet,)
    parameters = [p for part in parts for p in part.parameters() if p.requires_grad]
    captions = [f"a photo of {RARE} {NOUN}"]
    with torch.no_grad():
        frozen = own.states(captions)

    def texts(size: int, generator: torch.Generator) -> Tensor:
        return own.states(captions * size) if both else frozen.expand(size, -1, -1)

    data, plan = shop.encode(photos_of(case).rgb), plan_of(settings, prior=1.0)
    prior = shop.class_latents(), _class_states(shop)
    for step, seconds in fine_tune(unet, ddpm(own.pipe), parameters, data, texts, plan, prior):
        images = own.pictures(case, lambda text: text.replace(f"a {NOUN}", f"{RARE} {NOUN}", 1))
        yield Made(images, None, seconds, count(parameters), step)


def custom_diffusion(shop: Shop, case: Case, settings: Settings) -> Iterator[Made]:
    """Kumari 2022: cross-attention K and V and one new word, prior preservation on.

    Settings: steps, rate, batch.
    """
    from diffusers.models.attention_processor import CustomDiffusionAttnProcessor2_0

    own = _Words(shop)
    table, places = own.add_words([NEW], RARE)
    unet, processors = own.pipe.unet, {}
    for name, module in unet.attn_processors.items():
        attention = unet.get_submodule(name.removesuffix(".processor"))
        width = attention.to_q.weight.shape[0]
        if not name.endswith("attn2.processor"):
            processors[name] = module
            continue
        made = CustomDiffusionAttnProcessor2_0(
            train_kv=True, train_q_out=False, hidden_size=width,
            cross_attention_dim=unet.config.cross_attention_dim,
        )  # fmt: skip
        with torch.no_grad():
            made.to_k_custom_diffusion.weight.copy_(attention.to_k.weight)
            made.to_v_custom_diffusion.weight.copy_(attention.to_v.weight)
        processors[name] = made
    keys = [p for m in processors.values() if isinstance(m, nn.Module) for p in m.parameters()]
    unet.set_attn_processor(processors)  # empties the dict

    def texts(size: int, generator: torch.Generator) -> Tensor:
        return own.states([f"a photo of a {NEW} {NOUN}"] * size)

    data, plan = shop.encode(photos_of(case).rgb), plan_of(settings, prior=1.0)
    prior = shop.class_latents(), _class_states(shop)
    parameters = [*keys, table]
    for step, seconds in fine_tune(unet, ddpm(own.pipe), parameters, data, texts, plan, prior):
        images = own.pictures(case, lambda text: text.replace(NOUN, f"{NEW} {NOUN}", 1))
        yield Made(images, None, seconds, count(keys) + len(places) * table.shape[1], step)


def plan_of(settings: Settings, **more: float) -> Plan:
    """The shared part of a method's settings."""
    looks = tuple(int(step) for step in settings.get("looks", ()))
    return Plan(
        int(settings["steps"]), float(settings["rate"]), int(settings.get("batch", 2)),
        looks=looks, **more,
    )  # fmt: skip


@torch.no_grad()
def _class_states(shop: Shop) -> Tensor:
    ids = shop.pipe.tokenizer(
        [f"a photo of a {NOUN}"], padding="max_length", truncation=True, return_tensors="pt"
    ).input_ids
    states: Tensor = shop.pipe.text_encoder(ids)[0]
    return states
