"""The training study's record becomes a document that says what the record says."""

from __future__ import annotations

from typing import Any

import pytest

from reports.numerics_document import numerics_document
from reports.to_html import html
from reports.to_markdown import markdown


def row(chip: str, arm: str, wer: float, **more: Any) -> dict[str, Any]:
    return {
        "chip": chip, "arm": arm, "calibration": "", "seeds": 3, "wer": wer, "interval": [wer * 0.8, wer * 1.2],
        "errors": 10, "words": 500, "per_seed": [wer, wer, wer], "loss": None, "recovered": None,
        "recovered_interval": None, "better_than_naive": None, "better_than_qat": None, "commands": ["nnasim evaluate"],
        **more,
    }  # fmt: skip


@pytest.fixture
def study() -> dict[str, Any]:
    return numerics_study()


def numerics_study() -> dict[str, Any]:
    return {
        "recipe": "digits", "preset": "edge256", "seeds": 3, "dev": "dev.jsonl", "utterances": 300, "words": 1329,
        "base_steps": 4500, "steps": 800, "command": "nnasim study numerics --out DIR", "missing": ["seed-2/qat"],
        "failed": {"seed-0/aat-identity-lut8": "training diverged at step 0"},
        "rows": [
            row("-", "float", 0.012, loss=0.0),
            row("lut8", "naive", 0.04, loss=2.33, calibration="mse"),
            row("lut8", "qat", 0.03, loss=1.5, recovered=0.36, recovered_interval=[0.1, 0.5]),
            row("lut8", "aat", 0.013, loss=0.08, recovered=0.96, recovered_interval=[0.8, 1.1],
                won=24, lost=25),
            row("lut8", "aat-segment", 0.014),
            row("pwl16", "naive", 0.0121, loss=0.01),
            row("pwl16", "aat", 0.0121, loss=0.01, recovered=0.0),
        ],
        "calibrations": [["lut8", "naive", "mse", 0.04]],
        "models": [{"name": "seed-0/float", "steps": 800, "cpu_seconds": 71.0, "sha256": "ab" * 32,
                    "command": "nnasim train"}],
    }  # fmt: skip


def test_every_part_stands_in_both_forms(study: dict[str, Any]) -> None:
    document = numerics_document(study)
    for text in (html(document), markdown(document)):
        for words in (
            "Gradient rules",
            "Calibrations",
            "1,329",
            "seed-2/qat",
            "diverged at step 0",
            "nnasim train",
            "4,500",
        ):
            assert words in text


def words_of(study: dict[str, Any]) -> list[str]:
    """The paragraphs of the verdict."""
    return [block for block in numerics_document(study).sections[0].blocks if isinstance(block, str)]


def test_the_verdict_names_the_share_its_interval_and_the_goal(study: dict[str, Any]) -> None:
    paragraphs = words_of(study)
    assert paragraphs[0].startswith(
        "lut8: naive is 233.0 % worse than float; aat wins back 96 % (24 of 25 errors, 80 to 110 %)"
    )
    assert "the goal of 90 % is reached; ordinary QAT 36 %" in paragraphs[0]
    assert "hardly anything to win back" in paragraphs[1]


def test_a_chip_on_which_nothing_is_lost_is_not_in_the_picture_of_shares(study: dict[str, Any]) -> None:
    (figure,) = numerics_document(study).sections[0].figures
    assert "lut8" in figure.svg
    assert "pwl16" not in figure.svg


def test_a_share_of_hardly_any_loss_is_not_shown(study: dict[str, Any]) -> None:
    table = numerics_document(study).sections[1].tables[0]
    shares = {row[:2]: row[table.columns.index("won back [%]")] for row in table.rows}
    assert shares["lut8", "aat"] == pytest.approx(96)
    assert shares["pwl16", "aat"] is None


def test_falling_short_of_the_goal_is_said(study: dict[str, Any]) -> None:
    study["rows"][3]["recovered"] = 0.7
    assert "short of the goal" in words_of(study)[0]


def test_a_study_of_only_the_float_arm_is_still_a_document(study: dict[str, Any]) -> None:
    study["rows"] = study["rows"][:1]
    assert "float" in html(numerics_document(study))
