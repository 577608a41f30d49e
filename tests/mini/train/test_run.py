"""All of mini's training by one command: it stops, goes on, and can move to another machine."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mini.train import common, losses, plan
from mini.train import run as command
from mini.train.plan import STATE, Step
from tests.support.tiny_bank import working_in


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Path]:
    with working_in(tmp_path):
        yield tmp_path


class Trainers:
    """Stand-ins for the trainers: each needs `calls` calls, and keeps what it was given."""

    def __init__(self, calls: dict[str, int]) -> None:
        self.left, self.given = calls, list[tuple[str, list[str]]]()

    def main_of(self, step: Step) -> Any:
        def main(argv: Sequence[str]) -> bool:
            self.given.append((step.name, list(argv)))
            self.left[step.name] = self.left.get(step.name, 1) - 1
            finished = self.left[step.name] <= 0
            if finished and step.product is not None:
                step.product.parent.mkdir(parents=True, exist_ok=True)
                step.product.write_text("{}")
            if step.minutes:
                run = common.Run(common.RUNS / step.name, say=False)
                run.log(len(self.given), loss=0.5)
                run.save(1, net=nn.Linear(2, 2).state_dict())
            return finished

        return main


@pytest.fixture
def trainers(work: Path, monkeypatch: pytest.MonkeyPatch) -> Trainers:
    made = Trainers({"bank": 2, "e4e": 3})
    monkeypatch.setattr(command, "main_of", made.main_of)
    monkeypatch.setattr(command.gc, "collect", lambda: 0)  # a third of a second a step
    return made


OPTIONS = [
    "--go",
    "--weights",
    "new",
    "--pictures",
    "40",
    "--total",
    "10",
    "--minutes-per-call",
    "9",
]


def test_it_stops_with_what_is_unfinished_and_goes_on(
    trainers: Trainers, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not command.main(OPTIONS)  # the bank's first piece
    assert [name for name, _ in trainers.given] == ["bank"]
    assert "to be made" in capsys.readouterr().out
    assert not command.main(OPTIONS)  # up to the first piece of e4e
    assert trainers.given[-1][0] == "e4e"
    assert json.loads(STATE.read_text())["done"][-1] == "stylegan"
    assert not command.main(OPTIONS)
    assert "bank            done" in capsys.readouterr().out
    assert command.main(OPTIONS)
    names = [name for name, _ in trainers.given]
    assert names.count("e4e") == 3 and names.count("autoencoder") == 1
    assert names[-1] == "diffusion" and {"features", "prior", "strangers"} <= set(names)
    count = len(names)
    assert command.main(OPTIONS) and len(trainers.given) == count


def test_shares_make_the_whole_budget_and_pieces_stay_in_the_call(trainers: Trainers) -> None:
    while not command.main([*OPTIONS, "--shares", "diffusion=900"]):
        pass
    minutes = {
        name: float(argv[argv.index("--minutes") + 1])
        for name, argv in trainers.given if "--minutes" in argv
    }  # fmt: skip
    assert sum(minutes.values()) == pytest.approx(10, abs=0.01)
    assert minutes["diffusion"] > minutes["e4e"] * 15
    pieces = [
        float(argv[argv.index("--piece") + 1]) for _, argv in trainers.given if "--piece" in argv
    ]
    assert pieces and all(0 < piece <= 9 * 60 for piece in pieces)


def test_nothing_is_begun_where_the_time_is_too_short(trainers: Trainers) -> None:
    trainers.left["bank"] = 1
    options = [*OPTIONS[:-1], "0.01"]
    assert not command.main(options)
    assert [name for name, _ in trainers.given] == ["bank"]  # one step a call at least


def test_other_settings_are_refused_until_fresh(trainers: Trainers) -> None:
    command.main(OPTIONS)
    other = [*OPTIONS, "--total", "20"]
    with pytest.raises(SystemExit, match="--total 10"):
        command.main(other)
    command.main([*other, "--fresh"])
    assert json.loads(STATE.read_text())["settings"]["total"] == 20


def test_weights_are_held_to_their_limits(work: Path) -> None:
    (work / "w").mkdir()
    (work / "w" / "a").write_bytes(bytes(15 * 2**20))
    assert common.check_weights(work / "w") == 15 * 2**20
    (work / "w" / "b").write_bytes(bytes(16 * 2**20))
    with pytest.raises(ValueError, match="16"):
        common.check_weights(work / "w")
    for name in ("b", "c"):
        (work / "w" / name).write_bytes(bytes(15 * 2**20))
    with pytest.raises(ValueError, match="40"):
        common.check_weights(work / "w")
    assert common.check_weights(common.WEIGHTS) > 30e6


def test_every_step_is_a_command_with_such_options(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trainers take the options of the plan; nothing is run."""
    parse = argparse.ArgumentParser.parse_args

    def parsed(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
        parse(parser, argv)  # ends with code 2 where an option is unknown
        raise SystemExit(0)

    given = ["--weights", "new", "--steps", "3", "--compile", "--batch", "8"]
    args = command.options().parse_args(given)
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parsed)
    for step in plan.steps(args):
        with pytest.raises(SystemExit) as ended:
            command.main_of(step)([*step.options, *(["--piece", "1"] * step.pieces)])
        assert ended.value.code == 0, step.name


def test_without_go_the_steps_are_listed(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not command.main([])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(plan.steps(command.options().parse_args([])))
    assert lines[0].startswith("python -m mini.world.bank --world broad")
    assert not list(work.iterdir())


def test_the_logs_are_drawn(work: Path) -> None:
    run = common.Run(work / "runs" / "judge", say=False)
    for step in range(1000):
        run.log(step, loss=1 / (step + 1), note="x")
    run.log(1000, rank1=0.9)
    lines = losses.read_log(work / "runs" / "judge")
    steps, values = losses.curve(lines, "loss")
    assert len(values) == losses.POINTS and steps[-1] == 999
    assert losses.curve(lines, "rank1") == ([1000], [0.9])
    losses.draw(work / "runs", work / "losses.svg")
    text = (work / "losses.svg").read_text()
    assert "judge: 1000 steps" in text and text.count("<svg") == 1


def test_a_bank_of_another_size_is_drawn_anew(work: Path) -> None:
    from mini.world import bank

    list(bank.make(work / "bank", bank.Plan(1), workers=1))
    list(bank.make(work / "bank", bank.Plan(2), workers=1))
    assert bank.Bank.open(work / "bank").images.std(axis=(1, 2, 3)).min() > 0


def test_muon_moves_weights_of_one_shape_as_it_moves_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU takes them together; the products are the same."""
    from mini.train import muon

    found = []
    for together in (False, True):
        torch.manual_seed(0)
        weights = [nn.Parameter(torch.randn(4, 2, 3)), nn.Parameter(torch.randn(4, 6))]
        if together:
            monkeypatch.setattr(muon, "_alike", lambda weights: [weights])
        optimizer = muon.Muon(weights, lr=0.1)
        for weight in weights:
            weight.grad = torch.randn_like(weight)
        optimizer.step()
        found.append([weight.detach().clone() for weight in weights])
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-2, atol=1e-3)
