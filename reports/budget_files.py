"""Verdicts on a budget in the forms that continuous integration reads: JUnit's XML, and GitHub's Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from nnasim.allowed import number_text
from nnasim.markup import visible
from reports.blocks import Document, Table, Value
from reports.budget import Verdict
from reports.to_markdown import markdown

SUITE = "nnasim budget"


def verdict_line(verdict: Verdict) -> str:
    """One verdict on one line."""
    over = "" if verdict.holds else ": over"
    return visible(f"{verdict.label} {verdict.figure}: {_with_unit(verdict)}{over}")


def junit_xml(verdicts: Sequence[Verdict]) -> str:
    """A test suite in JUnit's XML, with a case for each verdict; a figure over its limit has failed."""
    failures = sum(not verdict.holds for verdict in verdicts)
    suite = ElementTree.Element("testsuite", name=SUITE, tests=str(len(verdicts)), failures=str(failures), errors="0")
    for verdict in verdicts:
        case = ElementTree.SubElement(suite, "testcase", classname=_xml(verdict.label), name=_xml(verdict.figure))
        if not verdict.holds:
            ElementTree.SubElement(case, "failure", message=_xml(_with_unit(verdict)))
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def markdown_table(verdicts: Sequence[Verdict]) -> str:
    """A heading that says whether all limits hold, and a table in GitHub's Markdown, with figures over their limit
    first.
    """
    rows = tuple(
        (
            Value(v.label),
            Value(v.figure),
            number_text(v.value),
            number_text(v.limit),
            v.unit,
            "yes" if v.holds else "NO",
        )
        for v in sorted(verdicts, key=lambda verdict: verdict.holds)
    )
    over = sum(not verdict.holds for verdict in verdicts)
    title = f"{over} of {len(verdicts)} limits exceeded" if over else f"all {len(verdicts)} limits hold"
    columns = ("result", "figure", "value", "at most", "unit", "holds")
    table = Table(name="budget", title="", columns=columns, rows=rows)
    return markdown(Document(f"Budget: {title}", sections=(), lead=(table,)))


def _with_unit(verdict: Verdict) -> str:
    unit = f" {verdict.unit}" if verdict.unit else ""
    return f"{number_text(verdict.value)}{unit}, at most {number_text(verdict.limit)}{unit}"


def _xml(text: str) -> str:
    """``text`` without the control characters that XML cannot hold, shown as codes."""
    return visible(text)
