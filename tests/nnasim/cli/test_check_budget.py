"""`check-budget`: a result of two frames of a tiny recogniser against limits above and below its own figures."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from nnasim.cli.main import main
from tests.nnasim.cli.test_compare_results import result


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    return Path(result(tmp_path / "result.json", 50))


def budget(folder: Path, text: str) -> str:
    path = folder / "budget.yaml"
    path.write_text(text)
    return str(path)


def test_what_is_within_its_limits_passes(measured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    limits = budget(tmp_path, "limits: {frame_latency_ms.p99: 5, handoffs: 1000}\nsystems: {cpu_fallback: {rtf: 1}}")
    assert main(["check-budget", str(measured), limits]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 3
    assert "over" not in out
    assert "cpu_fallback frame_latency_ms.p99: " in out


def test_what_is_over_fails_and_is_named(measured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    limits = budget(tmp_path, "limits: {frame_latency_ms.p99: 5, handoffs: 1}")
    assert main(["check-budget", str(measured), limits]) == 1
    over = [line for line in capsys.readouterr().out.splitlines() if line.endswith(": over")]
    assert len(over) == 1
    assert over[0].startswith("cpu_fallback handoffs: ")


def test_a_limit_of_exactly_the_figure_holds(measured: Path, tmp_path: Path) -> None:
    from nnasim.ir.io import read_result

    handoffs = read_result(measured).totals.handoffs
    assert main(["check-budget", str(measured), budget(tmp_path, f"limits: {{handoffs: {handoffs}}}")]) == 0
    assert main(["check-budget", str(measured), budget(tmp_path, f"limits: {{handoffs: {handoffs - 1}}}")]) == 1


def test_a_systems_own_limit_stands_in_place_of_the_common_one(measured: Path, tmp_path: Path) -> None:
    assert main(["check-budget", str(measured), budget(tmp_path, "limits: {rtf: 0}")]) == 1
    assert (
        main(
            [
                "check-budget",
                str(measured),
                budget(tmp_path, "limits: {rtf: 0}\nsystems: {cpu_fallback: {rtf: 9}}"),
            ]
        )
        == 0
    )


def test_junit_has_a_case_for_each_limit_and_markdown_says_the_worst_first(measured: Path, tmp_path: Path) -> None:
    limits = budget(tmp_path, "limits: {rtf: 9, handoffs: 1}")
    junit, table = tmp_path / "junit.xml", tmp_path / "table.md"
    assert main(["check-budget", str(measured), limits, "--junit", str(junit), "--markdown", str(table)]) == 1
    suite = ElementTree.parse(junit).getroot().find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["handoffs"]
    lines = table.read_text().splitlines()
    assert lines[0] == "# Budget: 1 of 2 limits exceeded"
    assert lines[4].startswith("| cpu_fallback | handoffs |")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("limits: {p99: 3}", "limits.p99 = 3.0: is no figure; may be engine_latency_ms.p50"),
        ("limits: {rtf: fast}", "limits.rtf = 'fast': must be a number"),
        ("limits: {rtf: -1}", "limits.rtf = -1: must be a number"),
        ("limit: {rtf: 1}", "limit = {'rtf': 1}"),
        ("systems: {gpu: {rtf: 1}}", "gpu"),
        ("{}", "must limit a figure"),
        ("systems: {aat: {rtf: 1}}", "system = 'aat': has a budget and no result; results are of cpu_fallback"),
        ("limits: {wer: 0.1}", "wer = None: was not computed for cpu_fallback"),
    ],
)
def test_a_budget_that_cannot_be_held_is_refused_in_one_line(
    measured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, line: str
) -> None:
    junit = tmp_path / "junit.xml"
    assert main(["check-budget", str(measured), budget(tmp_path, text), "--junit", str(junit)]) == 2
    said = capsys.readouterr()
    assert line in said.err
    assert said.err.count("\n") == 1
    assert not junit.exists()


def test_what_is_there_already_is_kept(measured: Path, tmp_path: Path) -> None:
    limits, table = budget(tmp_path, "limits: {rtf: 9}"), tmp_path / "table.md"
    table.write_text("mine")
    assert main(["check-budget", str(measured), limits, "--markdown", str(table)]) == 2
    assert table.read_text() == "mine"
