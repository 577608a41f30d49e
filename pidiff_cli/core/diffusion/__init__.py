"""Bases, prompts, cached latents, noise schedules and sampling."""

import logging

# diffusers imports bitsandbytes, which warns about an optional CPU kernel nobody here asked for
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
