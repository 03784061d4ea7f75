"""What a result says of its making."""

import pytest

from nnasim.cli.invocation import ARGUMENTS, command_line
from nnasim.studies.provenance import commit, versions


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["compare", "--out", "/tmp/a", "--force", "--limit", "3"], "nnasim compare --out DIR --limit 3"),
        (["compare", "--out=/tmp/a"], "nnasim compare --out DIR"),
        (["study", "aat", "--jobs", "2", "--out", "a"], "nnasim study aat --out DIR"),
        (["study", "aat", "--jobs=2", "--out", "a"], "nnasim study aat --out DIR"),
        (["fit", "board.csv", "--resume", "--out", "b.yaml"], "nnasim fit board.csv --out DIR"),
        (["simulate", "a trace.json"], "nnasim simulate 'a trace.json'"),
    ],
)
def test_the_command_repeats_the_result_wherever_it_is_written(arguments: list[str], command: str) -> None:
    token = ARGUMENTS.set(tuple(arguments))
    try:
        assert command_line("DIR") == command
    finally:
        ARGUMENTS.reset(token)


def test_versions_name_what_is_installed_and_nothing_else() -> None:
    installed = versions(("no-such-package-anywhere",))
    assert {"python", "nnasim", "numpy"} <= set(installed)
    assert "no-such-package-anywhere" not in installed


def test_a_source_tree_knows_its_commit() -> None:
    revision = commit()
    assert revision is None or (len(revision) == 40 and set(revision) <= set("0123456789abcdef"))
