"""What a result says of its making."""

import pytest

from nnasim.cli.invocation import ARGUMENTS, command_line
from nnasim.studies.provenance import commit, versions


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["compare", "--out", "/tmp/a", "--force", "--limit", "3"], "nnasim compare --out DIR --limit 3"),
        (["compare", "--out=/tmp/a"], "nnasim compare --out DIR"),
        (["study", "aat", "--jobs", "2", "--out", "a"], "nnasim study aat --out DIR"),
        (["study", "aat", "--jobs=2", "--out", "a"], "nnasim study aat --out DIR"),
        (["simulate", "a trace.json"], "nnasim simulate 'a trace.json'"),
    ],
)
def test_the_command_repeats_the_result_wherever_it_is_written(arguments: list[str], shown: str) -> None:
    token = ARGUMENTS.set(tuple(arguments))
    try:
        assert command_line("DIR") == shown
    finally:
        ARGUMENTS.reset(token)


def test_versions_name_what_is_installed_and_nothing_else() -> None:
    found = versions(("no-such-package-anywhere",))
    assert {"python", "nnasim", "numpy"} <= set(found)
    assert "no-such-package-anywhere" not in found


def test_a_source_tree_knows_its_commit() -> None:
    found = commit()
    assert found is None or (len(found) == 40 and set(found) <= set("0123456789abcdef"))
