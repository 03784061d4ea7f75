"""The `nnasim` command. A table names each command's module, which is imported only when that command runs.

So `nnasim --help` and a mistyped command load neither torch, simpy, matplotlib nor pandas. A user's mistake is one line
on stderr and exit code 2; an unforeseen error is also one line, and exit code 70. If the reader of the output is gone
(`| head`), a command still ends with its own exit code.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, TextIO

from nnasim import __version__
from nnasim.cli.environment import refuse_settings, refused_variable, settled
from nnasim.cli.interrupts import was_interrupt
from nnasim.cli.invocation import ARGUMENTS, arguments_shown
from nnasim.cli.last_net import DEFECT, caught
from nnasim.cli.memory import is_out_of_memory, out_of_memory, told_once
from nnasim.cli.ranks import leave_word, speaks
from nnasim.cli.signals import ended_in_order
from nnasim.cli.streams import prepare_streams
from nnasim.cli.table import COMMANDS, Command, overview
from nnasim.cli.usage import by_option, usage_message
from nnasim.cli.wording import as_options
from nnasim.errors import (
    EXTRA_OF_MODULE,
    FileError,
    InputError,
    MissingExtraError,
    NnasimError,
    RankLostError,
    reason,
    shown,
)
from nnasim.plugins import blamed
from nnasim.redacted import without_password

if TYPE_CHECKING:
    import typer

USAGE_ERROR = 2
LONGEST_LINE = 2000  # characters
SPARE_BYTES = 2_000_000
NO_MEMORY = b"nnasim: the memory of this machine, or what this process may have of it, is used up\n"
INTERRUPTED = 130  # 128 + SIGINT, as shells count


def main(argv: Sequence[str] | None = None, commands: Mapping[str, Command] = COMMANDS) -> int:
    """The exit code of one of ``commands``: 0, 2 for a user's error, 70 for a defect of ours, 128 and the signal's
    number where one ended it.
    """
    try:
        with ended_in_order() as asked:
            try:
                return _ended(argv, commands)
            except KeyboardInterrupt:
                return _complain(asked.line, asked.exit_code)
    except MemoryError:  # not even enough is left to say what was asked for
        with contextlib.suppress(OSError):
            os.write(2, NO_MEMORY)
        return USAGE_ERROR


def _ended(argv: Sequence[str] | None, commands: Mapping[str, Command]) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    ARGUMENTS.set(tuple(arguments_shown(arguments)))
    prepare_streams()
    try:
        code = _with_spare_memory(arguments, commands)
        sys.stdout.flush()
    except KeyboardInterrupt:
        raise
    except RankLostError as error:
        return _complain(str(error), error.exit_code, speaking=error.speaks)
    except InputError as error:
        return _complain(by_option(error, arguments), error.exit_code)
    except NnasimError as error:
        return _complain(str(error), error.exit_code)
    except BaseException as error:  # a package's part may raise any, and be it an exit
        if was_interrupt(error):
            raise KeyboardInterrupt from None
        if (whose := blamed(error)) is not None:
            return _complain(whose, USAGE_ERROR)
        if not isinstance(error, Exception):
            raise
        return _unforeseen(error, arguments)
    return code


def _unforeseen(error: Exception, arguments: Sequence[str]) -> int:
    if is_out_of_memory(error):
        return _complain(out_of_memory(error, arguments), USAGE_ERROR, speaking=True)
    if (line := refused_variable(error)) is not None:
        return _complain(line, USAGE_ERROR, speaking=True)
    if isinstance(error, OSError):
        return _complain(_os_message(error), USAGE_ERROR)
    return _complain(caught(error, arguments), DEFECT, speaking=True)


def _with_spare_memory(arguments: list[str], commands: Mapping[str, Command]) -> int:
    """The exit code of a command. Memory is set aside for the line that tells of an error, such as of no memory."""
    spare = bytearray(SPARE_BYTES)
    try:
        with told_once(), settled():
            return _dispatch(arguments, commands)
    except BaseException:
        del spare
        raise


def _dispatch(arguments: list[str], commands: Mapping[str, Command]) -> int:
    name = arguments[0] if arguments else "--help"
    if name in ("--help", "-h"):
        print(overview())
        return 0
    if name == "--version":
        print(f"nnasim {__version__}")
        return 0
    if name not in commands:
        raise NnasimError(_unknown(name))
    refuse_settings()
    try:
        return _run(name, commands[name].module, arguments)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRA_OF_MODULE:
            raise
        raise MissingExtraError(EXTRA_OF_MODULE[missing], missing) from None


def _run(name: str, module: str, arguments: list[str]) -> int:
    import typer

    usage_error: type[Exception] = typer.BadParameter.__base__.__base__  # type: ignore  # ClickException
    try:
        result = typer.main.get_command(application(name, module)).main(
            args=arguments, prog_name="nnasim", complete_var="", standalone_mode=False
        )
    except typer.Abort:  # how older releases of typer report an interrupt
        raise KeyboardInterrupt from None
    except usage_error as error:
        raise NnasimError(f"{usage_message(error, arguments)} (see `nnasim {name} --help`)") from None
    if result == INTERRUPTED:  # typer has caught the interrupt and reports it as this code
        raise KeyboardInterrupt
    return result if isinstance(result, int) else 0


def application(name: str, module_name: str) -> typer.Typer:
    """A Typer group with the one command ``name``; its module has `command` (a function) or `app` (a Typer)."""
    import typer

    module = import_module(module_name)
    root = typer.Typer(add_completion=False, rich_markup_mode=None)
    root.callback()(lambda: None)
    if hasattr(module, "app"):
        root.add_typer(module.app, name=name, rich_help_panel=None)
    else:
        root.command(name)(module.command)
    return root


def _unknown(name: str) -> str:
    near = get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(COMMANDS)}"
    kind = "option" if name.startswith("-") else "command"
    return f"no {kind} {shown(name)}: {hint}"


def _complain(message: str, code: int, *, speaking: bool | None = None) -> int:
    """Print the one line and return ``code``. If several ranks have the same line, only the first prints it."""
    line = f"nnasim: {as_options(_in_one_line(without_password(message)))}"
    if speaks() if speaking is None else speaking:
        with contextlib.suppress(OSError, ValueError):  # stderr may be full or gone: the exit code still says it
            print(line, file=sys.stderr, flush=True)
    leave_word(line)
    _leave_unflushed(sys.stdout)
    return code


def _in_one_line(message: str) -> str:
    """``message`` without line ends and hidden characters, and without its middle where a library has quoted a whole
    file in it.
    """
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in " ".join(message.split()))
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 205]} ... {line[-200:]}"


def _os_message(error: OSError) -> str:
    where = error.filename if isinstance(error.filename, str | bytes) else None
    what = reason(error)
    if where is None and error.errno == errno.EAGAIN:
        return f"no process or thread more can be started ({what}); see ulimit -u"
    if where is None and error.errno == errno.ENOENT and not _has_working_folder():
        return "the working folder is gone: change to another"
    return str(FileError(os.fsdecode(where), what)) if where is not None else what


def _has_working_folder() -> bool:
    try:
        return bool(os.getcwd())
    except FileNotFoundError:
        return False


def _leave_unflushed(stream: TextIO) -> None:
    """Flush ``stream``; output that cannot be written, as on a full disk, is dropped before Python complains of it at
    exit.
    """
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    sys.exit(main())
