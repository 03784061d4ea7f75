"""`nnasim check-budget`: whether a result keeps to a team's limits; exit code 1 if not."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from nnasim.cli.options import Force, Json, Quiet
from nnasim.cli.told import MOST_LINES, cut_lines, refuse_json, tell_rows
from nnasim.cli.unused import refuse_idle_force

OVER = 1  # the exit code of a gate that does not open; 2 is for a user's errors


def command(
    result: Annotated[Path, typer.Argument(help="a result file, or a folder of `nnasim compare`")],
    budget: Annotated[Path, typer.Argument(help="a YAML file of limits")],
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE.xml", help="also write a test case for each limit")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE.md", help="also write a table in GitHub's Markdown")
    ] = None,
    json: Json = None,
    quiet: Quiet = False,
    force: Force = False,
) -> int:
    """Compare each figure of a result with its limit; exit with 1 and name the figures that are over.

    A budget lists figures by the names that sweeps use, for all results and for single systems:
    {limits: {frame_latency_ms.p99: 20, rtf: 0.5}, systems: {aat: {wer: 0.08}}}

    Example: nnasim check-budget demo budget.yaml --junit budget.xml
    """
    from nnasim import files
    from nnasim.studies.chips_folder import read_any_results
    from nnasim.together import together
    from reports.budget import judge, read_budget
    from reports.budget_files import junit_xml, markdown_table, verdict_line

    for path in (junit, markdown):
        if path is not None:
            files.refuse_existing_file(path, force)
    refuse_json("check-budget", json, quiet, force)
    refuse_idle_force("check-budget", force, junit=junit, markdown=markdown, json=json)
    verdicts = judge(read_any_results([result]), read_budget(budget), result)
    with together():
        if junit is not None:
            files.write_bytes(junit, junit_xml(verdicts).encode(), force=force)
        if markdown is not None:
            files.write_bytes(markdown, markdown_table(verdicts).encode(), force=force)
        over = [verdict for verdict in verdicts if not verdict.holds]
        kept = [verdict for verdict in verdicts if verdict.holds]
        lines = [verdict_line(verdict) for verdict in over]  # each of them: they are why the gate does not open
        lines += cut_lines([verdict_line(verdict) for verdict in kept], max(1, MOST_LINES - len(over)))
        figures = {
            "holds": not over,
            "limits": [{**dataclasses.asdict(verdict), "holds": verdict.holds} for verdict in verdicts],
        }
        tell_rows(lines, figures, json=json, quiet=quiet, force=force)
    return OVER if over else 0
