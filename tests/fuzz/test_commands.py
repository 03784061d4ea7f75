"""Every command and every file that one writes has a line in commands.py, so that no attack leaves any out."""

import typing
from pathlib import Path
from typing import Any

from tests.fuzz.commands import PRINTING, STUDYING, WRITING
from tests.nnasim.cli.commands import Option, functions, options

WRITTEN = {
    "--out", "--json", "--figures", "--markdown", "--junit", "--perfetto", "--ledger", "--store", "--into", "--models",
}  # fmt: skip
READ = {
    "--manifest", "--trace", "--checkpoints", "--checkpoint", "--train", "--dev", "--base", "--choose", "--list",
    "--init", "--from", "--encoder", "--decoder", "--joiner", "--calls", "--inputs", "--reference", "--peer-python",
}  # fmt: skip


def is_path(kind: Any) -> bool:
    return kind is Path or any(map(is_path, typing.get_args(kind)))


OF_FILES = [option for option in options() if is_path(option.kind)]


def test_every_command_is_there() -> None:
    for name, _ in functions():
        assert any(line.split()[: name.count(" ") + 1] == name.split() for line in WRITING + PRINTING + STUDYING), name


def test_every_option_of_a_file_is_known_to_write_or_to_read_it() -> None:
    assert {option.flag for option in OF_FILES} == WRITTEN | READ


def test_every_file_that_a_command_writes_is_written() -> None:
    def written(option: Option) -> bool:
        lines = (line for line in WRITING + STUDYING if line.startswith(f"{option.command} "))
        return any(f"{option.flag} OUT/" in line for line in lines)

    assert [
        (option.command, option.flag) for option in OF_FILES if option.flag in WRITTEN and not written(option)
    ] == []
