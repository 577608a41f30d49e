"""The comparison's statistics, cells and tables, on made-up figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.rivals.table import (
    FIGURES,
    Cells,
    Figure,
    difference,
    digest_of,
    interval,
    markdown,
    ratio,
    verdicts,
)

RANK1 = FIGURES[0]
COPIED = next(figure for figure in FIGURES if figure.over)


def cells(values: list[float | None], key: str = "rank1") -> list[dict[str, float | None]]:
    return [{key: value} for value in values]


def test_an_interval_holds_the_mean_and_narrows_with_people() -> None:
    few = interval(RANK1, cells([0.0, 1.0, 0.5, 0.5]))
    many = interval(RANK1, cells([0.0, 1.0, 0.5, 0.5] * 16))
    assert few is not None and many is not None
    assert few[0] == many[0] == 0.5
    assert few[1] < few[0] < few[2]
    assert many[2] - many[1] < 0.5 * (few[2] - few[1])
    assert few == interval(RANK1, cells([0.0, 1.0, 0.5, 0.5]))  # no new numbers at each call


def test_equal_people_leave_no_doubt() -> None:
    assert interval(RANK1, cells([0.25] * 5)) == (0.25, 0.25, 0.25)


def test_a_cell_without_the_figure_is_left_out() -> None:
    found = interval(RANK1, cells([None, 0.5, None]))
    assert found is not None and found[0] == 0.5
    assert interval(RANK1, cells([None, None])) is None


def test_a_ratio_divides_the_sums_and_not_each_person() -> None:
    people = [{"copied": 0.9, "copied_of": 1.0}, {"copied": 0.05, "copied_of": 0.01}]
    found = interval(COPIED, people)
    assert found is not None and found[0] == pytest.approx(0.95 / 1.01)


def test_a_difference_is_taken_person_by_person() -> None:
    theirs = cells([0.1, 0.9, 0.4])
    found = difference(RANK1, cells([0.2, 1.0, 0.5]), theirs)
    assert found == pytest.approx((0.1, 0.1, 0.1))  # far apart people, yet no doubt at all
    apart = difference(RANK1, cells([1.0, 0.2, 0.5]), theirs)
    assert apart is not None and apart[1] < 0 < apart[2]


def test_verdicts_know_which_way_is_better() -> None:
    figures = (Figure("rank-1", "rank1", 1), Figure("background", "background", -1))
    ours = [{"rank1": 0.9, "background": 0.05}] * 4
    weak = [{"rank1": 0.5, "background": 0.06}] * 4
    strong = [{"rank1": 0.8, "background": 0.02}] * 4
    first, second = verdicts(ours, {"weak": weak, "strong": strong}, figures)
    assert (first["rival"], first["ours_is"]) == ("strong", "better")
    assert (second["rival"], second["ours_is"]) == ("strong", "worse")
    noisy = [{"rank1": value, "background": 0.02} for value in (1.0, 0.8, 1.0, 0.7)]
    assert verdicts(ours, {"noisy": noisy}, figures)[0]["ours_is"] == "within noise"


def test_a_table_shows_what_is_not_there() -> None:
    lines = markdown([("one", cells([0.5])), ("other", cells([None]))], FIGURES[:2]).splitlines()
    assert lines[0] == "| method | rank-1 | likeness |"
    assert lines[2] == "| one | 0.50 [0.50, 0.50] | none |"
    assert lines[3] == "| other | none | none |"


def test_a_cell_is_found_again_by_what_it_depends_on(tmp_path: Path) -> None:
    kept = Cells(tmp_path)
    key = digest_of("weights", {"rate": 0.1})
    assert kept.read("case", "lora", key) is None
    kept.write("case", "lora", key, {"rank1": 0.5})
    assert kept.read("case", "lora", key) == {"rank1": 0.5}
    assert kept.read("case", "lora", digest_of("weights", {"rate": 0.2})) is None
    assert [path.suffix for path in (tmp_path / "case").iterdir()] == [".json"]  # no drafts


def test_half_a_cell_counts_as_none(tmp_path: Path) -> None:
    kept = Cells(tmp_path)
    kept.write("case", "lora", "key", {"rank1": 0.5})
    kept.path("case", "lora", "key").write_text('{"rank1": 0.')
    assert kept.read("case", "lora", "key") is None


def test_the_digest_does_not_depend_on_the_order_of_settings() -> None:
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})


def test_a_share_of_nothing_is_none() -> None:
    assert ratio(RANK1, cells([0.1, 0.2]), cells([0.2, 0.4])) == pytest.approx((0.5, 0.5, 0.5))
    assert ratio(RANK1, cells([0.1]), cells([0.0])) is None
    assert ratio(RANK1, cells([None]), cells([0.1])) is None


def people(**figures: list[float]) -> dict[str, dict[str, float]]:
    count = len(next(iter(figures.values())))
    rows = [{key: values[i] for key, values in figures.items()} for i in range(count)]
    return {str(place): row for place, row in enumerate(rows)}


def test_only_who_is_best_in_all_three_is_named() -> None:
    from benchmarks.rivals.report import among_the_best, whole

    table = {
        "pidiff": people(rank1=[0.9, 0.8, 1.0], right=[0.9] * 3, background=[0.02] * 3),
        "keen": people(rank1=[1.0, 0.8, 0.9], right=[0.5] * 3, background=[0.08] * 3),
        "shy": people(rank1=[0.1, 0.0, 0.2], right=[0.9] * 3, background=[0.02] * 3),
    }
    assert among_the_best(whole(table)) == ["pidiff"]


def test_tables_hold_the_people_that_all_methods_have(capsys: pytest.CaptureFixture[str]) -> None:
    from benchmarks.rivals.report import report, title

    table = {
        "base": people(rank1=[0.0, 0.0], right=[0.9, 0.9], background=[0.0, 0.0]),
        "dreambooth": people(rank1=[0.2, 0.4], right=[0.8, 0.8], background=[0.1, 0.1]),
        "pidiff": people(rank1=[1.0, 0.8, 0.0], right=[0.9, 0.8, 0.1], background=[0.02] * 3),
    }
    out = report({title("main", 4): table})
    said = capsys.readouterr().out
    assert "### main, photos: 4, people: 2" in said
    assert "| PIDiff | 0.90 [0.80, 1.00] |" in said
    reached = {row["figure"]: row["measured"] for row in out["to reach"]}
    assert reached["background change against DreamBooth-LoRA's"][0] == pytest.approx(0.2)
    assert reached["right caption: the base's less PIDiff's"][0] == pytest.approx(0.05)
    assert reached["rank-1 of 100, 1 photo"] is None
    assert "| rank-1 of 100, 1 photo | >= 0.85 | not measured |" in said


def test_settings_of_a_line_keep_their_kind() -> None:
    from benchmarks.tuning import parse

    assert parse("rank=4 hold=0.5 tune_code=false") == {"rank": 4, "hold": 0.5, "tune_code": False}


def test_settings_are_chosen_among_all_that_were_tried_alike() -> None:
    from benchmarks.rivals.run import with_tried

    def row(rate: float, score: float) -> dict[str, object]:
        return {"settings": {"rate": rate}, "score": score}

    first = with_tried({}, [row(0.1, 1.0), row(0.2, 1.5)], 2, "weights")
    assert first["chosen"] == {"rate": 0.2}
    more = with_tried(first, [row(0.3, 1.2), row(0.1, 0.9)], 2, "weights")
    assert more["chosen"] == {"rate": 0.2}
    assert [(r["settings"]["rate"], r["score"]) for r in more["tried"]] == [
        (0.2, 1.5), (0.3, 1.2), (0.1, 0.9),
    ]  # fmt: skip
    assert with_tried(first, [row(0.3, 1.2)], 2, "others")["chosen"] == {"rate": 0.3}
    assert with_tried(first, [row(0.3, 1.2)], 4, "weights")["chosen"] == {"rate": 0.3}
