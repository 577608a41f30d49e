"""Settings of a tuning that no recipe and no option sets; benchmarks may replace them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TuneInternals:
    """What a tuning does beside its recipe.

    Attributes:
        warmup: steps until the learning rate is at its peak: Adam's first steps are the largest.
        precision: arithmetic of the base, auto, fp32, bf16 or fp16; auto asks the device.
        micro_batch: pictures computed at once; 0 is as many as the memory plan says.
        fast_step: frozen convolutions keep no input: always, never, or auto, which leaves mini as
            it is, where that costs time (docs/speed.md). Layers with a LoRA keep theirs once, but
            for never.
        self_attention: fused, written, or auto: written out is faster for bf16 on a CPU.
        skip_dropped: pictures that teach nothing (dropped caption or identity: their gradient is
            zero) are not computed.
        tune_code: also learn Δw, the correction of the W+ code (docs/method.md, section 5).
        lora_blocks: part of the UNet whose attention has a LoRA, all, mid_up or up.
        min_snr: γ of the min-SNR weighting, the paper's (Hang et al. 2023); 0 is off.
        lora_min_snr: the same where a LoRA learns: off, as high noise holds much of a person's
            shape (docs/decisions/tailoring.md).
        lora_others: half of the pictures that check the preserve term have another caption than
            their photo's (``data.OTHERS``), so that hats, clothes and styles stay the base's.
        lora_moods: captions tell of the mood that the base sees in each photo, so that it is not
            learnt into the person (``data.MOODS``).
        lora_focus: beside a general branch that stays as it is, the share of L_face that goes by
            how wrong the branch is at a place (``core.training.focus``); 0 is off.
        lora_beside: and the LoRA's rate there, times: what is left to learn is small. Neither for
            a person whom the branch does not draw at all.
        off_face_weight: weight of the noise error off the face: little, what lies there is the
            base's to draw.
        locate_weight: weight of the localisation map's agreement with the head.
        code_rate: learning rate of Δw, times the adapter's.
        code_weight: keeps Δw small, so that edits and mixes still mean what they say.
        drop_text, drop_identity, drop_both: shares of the dropouts, those of the W+ adapter; of
            no use where a LoRA learns, as no row without a prompt is drawn with it.
        patience: previews in a row without more likeness that end the tuning; 0 is never.
        text_loss: most text alignment that a kept step may lose, a share of the base's own.
        report_prompts: prompts drawn for the likeness report: its first screen holds them.
    """

    warmup: int = 10
    precision: str = "auto"
    micro_batch: int = 0
    fast_step: str = "auto"
    self_attention: str = "auto"
    skip_dropped: bool = True
    tune_code: bool = True
    lora_blocks: str = "all"
    min_snr: float = 5.0
    lora_min_snr: float = 0.0
    lora_others: bool = True
    lora_moods: bool = True
    lora_focus: float = 0.8
    lora_beside: float = 5.0
    off_face_weight: float = 0.1
    locate_weight: float = 0.05
    code_rate: float = 1.0
    code_weight: float = 0.01
    drop_text: float = 0.05
    drop_identity: float = 0.05
    drop_both: float = 0.05
    patience: int = 3
    text_loss: float = 0.15
    report_prompts: int = 5
