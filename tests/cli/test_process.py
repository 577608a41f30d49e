"""What only a real process shows: imports, pipes, signals, the console script."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.support.places import ROOT

HEAVY = ("torch", "diffusers", "transformers", "peft", "cv2", "skimage", "scipy", "numpy", "rich")


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, encoding="utf-8", timeout=60
    )


@pytest.mark.parametrize("stage", ["prepare.run", "invert"])
def test_what_draws_nothing_imports_no_diffusion_library(stage):
    """Each of these takes seconds to import."""
    code = f"import sys, pidiff_cli.stages.{stage}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert "torch" in done.stdout.split()
    assert not {"diffusers", "transformers", "peft"} & set(done.stdout.split())


def test_help_imports_nothing_heavy():
    code = (
        "import sys, json\nfrom pidiff_cli.cli.app import run\n"
        f"assert run(['--help']) == 0\nassert run(['tune', '--help']) == 0\n"
        f"print('@' + json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    )
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.split("@")[-1]) == []


@pytest.mark.parametrize(("command", "hidden"), [("generate", True), ("tune", False)])
def test_bitsandbytes_is_hidden_where_it_only_costs_time(command, hidden, tmp_path):
    code = (
        "import sys\nfrom pidiff_cli.__main__ import main\n"
        "sys.argv = ['pidiff', '--home', sys.argv[1], sys.argv[2], 'nobody', 'a portrait']\n"
        "assert main() != 0\n"
        "print('bitsandbytes' in sys.modules and sys.modules['bitsandbytes'] is None)"
    )
    done = run_python(code, str(tmp_path), command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == str(hidden)


def test_a_profile_needs_no_torch(tmp_path):
    code = (
        "import sys\nfrom pathlib import Path\nfrom pidiff_cli.profile import Profile\n"
        "Profile.create(Path(sys.argv[1]), 'alice', 'woman')\n"
        "Profile.open('alice', Path(sys.argv[1])).verify()\n"
        "assert 'torch' not in sys.modules"
    )
    done = run_python(code, str(tmp_path))
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_stdout_closed_early(tmp_path):
    command = f"'{sys.executable}' -m pidiff_cli recipes show mini-cpu | true"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_interrupt_at_a_prompt_that_never_comes():
    code = (
        "import sys\nimport pidiff_cli.cli.generate as generate\nimport pidiff_cli.cli.app as app\n"
        "original = generate.read_prompts\n"
        "def told(source):\n    print('reading', flush=True)\n    return original(source)\n"
        "generate.read_prompts = told\nsys.exit(app.run(['generate', 'alice', '-']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A suite in the background of a shell ignores SIGINT, and would hand that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"reading\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == b"Interrupted.\n"


def test_version_and_no_arguments():
    done = subprocess.run(
        [sys.executable, "-m", "pidiff_cli", "--version"], capture_output=True, encoding="utf-8"
    )
    assert done.stdout.startswith("pidiff ")


def test_the_reference_is_what_help_says():
    sys.path.insert(0, str(ROOT / "docs"))
    from make_cli_reference import TARGET, reference

    told = reference()
    assert TARGET.read_text(encoding="utf-8") == told, "run: make docs"


def test_mini_is_trained_from_a_checkout(pidiff):
    ran = pidiff("pretrain", "mini")
    assert ran.code == 2 and "python -m mini.train" in ran.err
    assert pidiff("pretrain", "sdxl").code == 2
