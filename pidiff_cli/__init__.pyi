from pidiff_cli.api import again as again
from pidiff_cli.api import evaluate as evaluate
from pidiff_cli.api import gallery as gallery
from pidiff_cli.api import generate as generate
from pidiff_cli.api import generate_rows as generate_rows
from pidiff_cli.api import invert as invert
from pidiff_cli.api import judge_pictures as judge_pictures
from pidiff_cli.api import plan as plan
from pidiff_cli.api import prepare as prepare
from pidiff_cli.api import stylemix as stylemix
from pidiff_cli.api import tune as tune
from pidiff_cli.core.diffusion.person_branch import attach_person as attach_person
from pidiff_cli.errors import PidiffError as PidiffError
from pidiff_cli.errors import StoppedError as StoppedError
from pidiff_cli.stages.progress import Event as Event
from pidiff_cli.stages.progress import Progress as Progress
from pidiff_cli.stages.results import EvaluateResult as EvaluateResult
from pidiff_cli.stages.results import GalleryResult as GalleryResult
from pidiff_cli.stages.results import GenerateResult as GenerateResult
from pidiff_cli.stages.results import InvertResult as InvertResult
from pidiff_cli.stages.results import JudgeResult as JudgeResult
from pidiff_cli.stages.results import Picture as Picture
from pidiff_cli.stages.results import PlanResult as PlanResult
from pidiff_cli.stages.results import PrepareResult as PrepareResult
from pidiff_cli.stages.results import StylemixResult as StylemixResult
from pidiff_cli.stages.results import TuneResult as TuneResult

__version__: str
