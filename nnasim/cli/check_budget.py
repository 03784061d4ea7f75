"""`nnasim check-budget`: whether a result keeps to a team's limits; exit code 1 if not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnasim.cli.options import Force

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
    force: Force = False,
) -> int:
    """Compare each figure of a result with its limit; exit with 1 and name the figures that are over.

    A budget lists figures by the names that sweeps use, for all results and for single systems:
    {limits: {frame_latency_ms.p99: 20, rtf: 0.5}, systems: {aat: {wer: 0.08}}}

    Example: nnasim check-budget demo budget.yaml --junit budget.xml
    """
    from nnasim import files
    from reports.budget import judge, read_budget
    from reports.budget_files import junit_xml, markdown_table, verdict_line
    from reports.result_set import read_results

    for path in (junit, markdown):
        if path is not None:
            files.refuse_existing(path, force)
    verdicts = judge(read_results([result]), read_budget(budget), result)
    if junit is not None:
        files.write_bytes(junit, junit_xml(verdicts).encode(), force=force)
    if markdown is not None:
        files.write_bytes(markdown, markdown_table(verdicts).encode(), force=force)
    for verdict in verdicts:
        print(verdict_line(verdict))
    return 0 if all(verdict.holds for verdict in verdicts) else OVER
