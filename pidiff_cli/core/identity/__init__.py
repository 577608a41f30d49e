"""Identity tokens, the identity cross-attention block, its PEFT adapter and losses."""

import logging

# diffusers imports bitsandbytes, which warns about an optional CPU kernel nobody here asked for
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
