"""What the fork server imports once for all workers: code alone, no weight, no card."""

import pidiff_cli.api
import pidiff_cli.core.diffusion.base
import pidiff_cli.stages.base
import pidiff_cli.stages.invert
import pidiff_cli.stages.prepare.run
import pidiff_cli.stages.tune.run  # noqa: F401
