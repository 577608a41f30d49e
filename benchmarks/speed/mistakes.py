"""Mistakes a person types: how long until the answer, whether it is one, and what it leaves behind.

    python -m benchmarks.speed.mistakes [--runs 3] [--only WORD]

Every command runs in a process of its own, in a folder and a home with a tuned profile, one that
is not tuned, a photo, and files of other kinds. Medians after one run that warms the files up. A
mistake is answered where the exit code is 2, 3 or 4, nothing says "Traceback" or "inside pidiff",
torch was not imported, and no file has come or gone. Where the cores are shared with others the
CPU time says more than the clock.
"""

from __future__ import annotations

import os
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.commands import command_line

LIMIT = 1.5  # seconds
_WATCHED = (
    "import atexit, os, runpy, sys;"
    "atexit.register(lambda: open(os.environ['SEEN'], 'w').write(str('torch' in sys.modules)));"
    "runpy.run_module('pidiff_cli', run_name='__main__')"
)
#: A line each, as typed in a shell; \xff stands for a byte that is no UTF-8.
MISTAKES = r"""
generate alice "as a chef" --scheduler eular
generate alice "as a chef" --scheduler DPMSolverSDEScheduler
generate alice "as a chef" --edit smile=1
generate alice "as a chef" --edit agee=1
generate alice "as a chef" --edit smil=1
generate alice "as a chef" --edit smile
generate alice "as a chef" --edit smile=nan
generate alice "as a chef" --edit smile=inf
generate alice "as a chef" --edit smile=1e30
generate alice "as a chef" --style-from bob:fine
generate alice "as a chef" --style-from alice:finest
generate alice "as a chef" --style-from alice:fine=nan
generate alice "as a chef" --style-from carol:fine
generate alice "as a chef" --best 4 -n 2
generate forgotten "as a chef" --best 2 -n 4
generate forgotten "as a chef" --min-likeness 0.5
generate alice "as a chef" --device cuda
generate alice "as a chef" --device mps
generate alice "as a chef" --device tpu
generate alice "as a chef" --seed abc
generate alice "as a chef" --seed 1.5
generate alice "as a chef" --seed -1
generate alice "as a chef" --seed 9223372036854775808
generate alice "as a chef" --seed 9223372036854775807 -n 2
generate alice "as a chef" -n 0
generate alice "as a chef" -n 99999999999999999999
generate alice "as a chef" --size 100
generate alice "as a chef" --size 1e30
generate alice "as a chef" --guidance nan
generate alice "as a chef" --guidance 1e30
generate alice "as a chef" --guidance 4,5
generate alice "as a chef" --identity-scale inf
generate alice "as a chef" --keep-background nan
generate alice "as a chef" --steps 0
generate alice "as a chef" --noun lady
generate alice "as a chef" --out photo.jpg
generate alice "as a chef" --out ~nouser/pics
generate alice "as a \xff chef"
generate alice "as a chef" --negative "\xff"
generate alice ""
generate alice @nowhere.txt
generate alice @latin.txt
generate alice as a chef
generate alice
generate photo.jpg "as a chef"
generate photos "as a chef"
generate nowhere.jpg "as a chef"
generate alcie "as a chef"
generate alice+bob "as a chef"
generate bob "as a chef"
tune photos --name "my friend"
tune photos --name con
tune photos
tune nowhere --name eve
tune photo.jpg --name eve --recipe foo
tune photo.jpg --name eve --recipe broken.yaml
tune photo.jpg --name eve --recipe nan.yaml
tune photo.jpg --name eve --base sd3
tune photo.jpg --name eve --base sd15
tune photo.jpg --name eve --steps nan
tune photo.jpg --name eve --memory inf
tune photo.jpg --name eve --learning-rate 1e30
tune photo.jpg --name eve --noun lady
tune alice --noun man
tune alice --force
tune alice --no-photos
tune alice --person 2
tune photos --name eve --like nowhere.jpg
tune forgotten
prepare photos --name eve --min-sharpness nan
prepare empty --name eve
prepare photos --name ALICE
invert bob
invert alice --refine 1e30
stylemix alice bob
stylemix alice alice --coarse nan
stylemix alice alice --name Alice
stylemix alice alice --prompt "as a chef" --size 100
evaluate alice --steps 1e30
evaluate alice --prompt "" --out photo.jpg
evaluate bob
again photo.jpg
again nowhere.png
again stranger.png
again drawn.png --set guidance=nan
again drawn.png --set colour=red
again drawn.png --set size=100
again drawn.png --set scheduler=foo
again drawn.png --profile nobody
profile show photo.jpg
profile export alice --format zip
profile import nowhere.pidiff
profile import photo.jpg
models pull sd3
models pull sd15 --from nowhere
models pull sd15 --sha256 xyz
recipes show slow
demo --steps 0
demo --out photo.jpg
pretrain identity --data nowhere
--home ~nouser profile list
--home photo.jpg profile list
--home "" profile list
--device cuda doctor
helo
tune
tune --name eve
tune photos --nam eve
tune photos --name eve --step 5
tune photos --name eve --steps 5.5
tune photos --name eve --steps -3
tune photos --name eve --steps ""
tune photos --name eve --batch 0
tune photos --name eve --rank -1
tune photos --name eve --lora-rank 1e9
tune photos --name eve --optimizer sgd
tune photos --name eve --wplus maybe
tune photos --name eve --learning-rate 0
tune photos --name eve --seed random
tune photos --name eve --memory -1
tune photos --name eve --person -1
tune photos --name eve --base ./nowhere
tune photos --name eve --base photo.jpg
tune photos --name eve --recipe photos
tune photos --name ../eve
tune photos --name ""
tune photos --name "eve/adam"
tune photos --name eve --preview-every -5
tune latin.txt --name eve
tune broken.yaml --name eve
tune alice bob
tune alice --steps 0
tune photos photo.jpg alice
tune photos --name eve --like photos
tune photos --name eve --dry-run --steps abc
generate
generate alice "as a chef" --cuont 3
generate alice "as a chef" --count
generate alice "as a chef" -n three
generate alice "as a chef" -n -2
generate alice "as a chef" --best -1
generate alice "as a chef" --min-likeness 2
generate alice "as a chef" --min-likeness 0,5
generate alice "as a chef" --start 1.5
generate alice "as a chef" --edit
generate alice "as a chef" --edit =3
generate alice "as a chef" --edit age+4
generate alice "as a chef" --edit age=
generate alice "as a chef" --edit age=old
generate alice "as a chef" --edit age=999
generate alice "as a chef" --style-from alice
generate alice "as a chef" --style-from :fine
generate alice "as a chef" --out ""
generate alice "as a chef" --home
generate alice "as a chef" --guidance ""
generate alice "as a chef" --prompt-pull 0
generate alice "   "
generate alice @
generate alice @photos
generate alice @photo.jpg
generate "" "as a chef"
generate ../alice "as a chef"
generate alice/ "as a chef" --seed 1e3
generate Alise "as a chef"
generate alice,bob "as a chef"
prepare photos
prepare --name eve
prepare photo.jpg --name eve --min-face 5
prepare photo.jpg --name eve --hold-out 99
prepare latin.txt --name eve
invert
invert nobody
invert alice --base sd15
stylemix alice
stylemix alice nobody
stylemix alice alice --fine c
stylemix alice alice --between 1
stylemix alice alice -n 0
evaluate
evaluate alice bob
evaluate nobody
evaluate alice --gate likeness
evaluate alice --gate "beauty>=1"
evaluate alice -n 0
evaluate --pictures nowhere --photos photos
evaluate --pictures photos
evaluate alice --photos photos
evaluate --compare alice
again
again drawn.png --set seed
again drawn.png --set seed=abc
again drawn.png --set =3
again photos
again drawn.png --out photo.jpg
gallery nowhere
gallery photo.jpg
gallery photos --out photos/one.jpg
gallery empty
profile foo
profile show
profile show nobody
profile verify nobody
profile export nobody
profile export alice --format
profile import
profile import photos
profile import latin.txt
profile import photo.jpg --name eve --photos photos
profile forget alice
profile delete alice
profile delete nobody --yes
profile rename alice bob
profile rename alice "my friend"
profile rename alice
profile copy alice alice
profile copy nobody eve
models pull
models pull nothing
models pull sd15 --with everything
models pull owner/
models verify nothing
recipes show
recipes show MINI-CPU
demo --steps abc
demo extra
pretrain
pretrain everything
doctor now
--hom x doctor
--device doctor
-x
generat alice "as a chef"
help nothing
"""


@dataclass(frozen=True)
class Answer:
    """Medians of wall and CPU seconds, and what was wrong with the answer; "" when nothing."""

    words: str
    seconds: float
    cpu: float
    fault: str
    told: str


def make_place(root: Path) -> None:
    """A home with profiles, and files beside it."""
    from PIL import Image

    from pidiff_cli.core.images import save_png
    from pidiff_cli.profile import Photo, Profile

    home = root / "home"
    for folder in ("photos", "empty"):
        (root / folder).mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    for path in (root / "photo.jpg", root / "photos" / "one.jpg"):
        Image.fromarray(noise).save(path)
    (root / "latin.txt").write_bytes(b"in a caf\xe9\n")
    (root / "broken.yaml").write_text("name: a\nbase: mini\ntune: {rnk: 3}\n", encoding="utf-8")
    (root / "nan.yaml").write_text(
        "name: a\nbase: mini\ngenerate: {guidance: .nan, start: .inf}\n", encoding="utf-8"
    )
    for name in ("alice", "forgotten", "bob"):
        profile = Profile.create(home, name, "woman")
        if name == "bob":
            continue
        code = np.zeros((1, 12, 80), np.float32)
        profile.save_identity(code, np.ones(1, np.float32), code[0], ("01",))
        profile.write("lora/adapter_config.json", b"{}")
        profile.update(base={"name": "mini"}, recipe={"name": "mini-cpu"})
        if name == "alice":
            profile.write("photos/01_face.png", lambda path: save_png(path, noise) and None)
            profile.update(photos=(Photo("01", "one.jpg", face="photos/01_face.png"),))
            profile.update_stage("prepare", inputs=["0" * 64], kept=[["other.jpg", 1.0, False]])
    key = Profile.open("alice", home).manifest.id
    for name, whose in (("drawn", key), ("stranger", "0" * 32)):
        record = {
            "prompt": "a woman",
            "full_prompt": "a woman",
            "seed": 1,
            "settings": {"size": 128},
        }
        save_png(root / f"{name}.png", noise, {**record, "profile": {"id": whose}})


def typed(line: str) -> list[bytes]:
    """The words of a line, with the bytes that it stands for."""
    return [word.encode().replace(rb"\xff", b"\xff") for word in shlex.split(line)]


def ask(line: str, root: Path, runs: int) -> Answer:
    """Type one line so many times, after once to warm the files up."""
    walls, cpus, faults, told = [], [], set(), ""
    before = _files(root)
    environment = {**os.environ, "PIDIFF_HOME": str(root / "home"), "SEEN": str(root.parent / "s")}
    environment["PYTHONPATH"] = os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])
    for number in range(runs + 1):
        used, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            [sys.executable.encode(), b"-c", _WATCHED.encode(), *typed(line)],
            cwd=root, env=environment, capture_output=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        wall, now = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        if number:
            walls.append(wall)
            cpus.append(now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime)
        told = (done.stderr + done.stdout).decode(errors="replace")
        faults |= _faults(done.returncode, told, Path(environment["SEEN"]).read_text() == "True")
    if _files(root) != before:
        faults.add("left something behind")
    return Answer(
        line, statistics.median(walls), statistics.median(cpus), ", ".join(sorted(faults)), told
    )


def _faults(code: int, told: str, torch: bool) -> set[str]:
    found = {
        f"exit {code}": code not in (2, 3, 4),
        "Traceback": "Traceback" in told,
        "inside pidiff": "inside pidiff" in told,
        "no word": not told.strip(),
        "torch": torch,
    }
    return {name for name, is_so in found.items() if is_so}


def _files(root: Path) -> dict[str, bytes]:
    """Every file's content and every folder, but for locks."""
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else b""
        for path in root.rglob("*")
        if not path.name.endswith((".lock", ".locks"))
    }


def main() -> None:
    """Type them all and print a table."""
    parser = command_line("benchmarks.speed.mistakes", __doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="lines that hold this word")
    parser.add_argument("--say", action="store_true", help="print the answers too")
    given = parser.parse_args()
    lines = [line for line in MISTAKES.strip().splitlines() if given.only in line]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "place"
        root.mkdir()
        make_place(root)
        answers = []
        for line in lines:
            answers.append(answer := ask(line, root, given.runs))
            print(f"{answer.seconds:5.2f} s  {answer.cpu:5.2f} s CPU  {line}  {answer.fault}")
            if given.say:
                print("    " + "\n    ".join(answer.told.strip().splitlines()))
    slow = [one for one in answers if one.seconds > LIMIT]
    busy = [one for one in answers if one.cpu > LIMIT]
    wrong = [one for one in answers if one.fault]
    walls, cpus = [one.seconds for one in answers], [one.cpu for one in answers]
    print(
        f"{len(answers)} mistakes · median {statistics.median(walls):.2f} s, slowest "
        f"{max(walls):.2f} s (CPU {max(cpus):.2f} s) · over {LIMIT} s: {len(slow)} by the clock, "
        f"{len(busy)} by CPU time · answered wrongly: {len(wrong)}"
    )


if __name__ == "__main__":
    main()
