"""Run every command that the documentation shows: ``python -m tests.proof.run_docs_commands [PAGE ...]``.

Each page's commands run in their order in a folder of their own, on less (``docs_commands.smaller``) and, where a page
reads what it does not make, on small stand-ins (``docs_stand_ins``). Prints for each command what was run; exit code 1
where one does not end with 0.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from nnasim.cli.main import main
from tests.proof.docs_commands import ROOT, Command, commands_of, pages, reason_not_to_run, smaller
from tests.proof.docs_stand_ins import stand_in

WRITTEN = ("--out", "--json", "--store", "--figures", "--markdown", "--models", "--ledger")


class Outcome(NamedTuple):
    """What became of a command. ``stand_ins``: what was put there for it. ``code``: null where it was not run."""

    command: Command
    ran: str
    stand_ins: tuple[str, ...]
    code: int | None
    said: str

    def lines(self) -> Iterator[str]:
        """The outcome for people."""
        state = "not run" if self.code is None else "ran" if self.code == 0 else f"FAILED ({self.code})"
        yield f"{state:8} {self.command.text}"
        if self.ran not in ("", self.command.text):
            yield f"     as  {self.ran}"
        if self.stand_ins:
            yield f"     on stand-ins for {', '.join(self.stand_ins)}"
        if self.code != 0:
            yield f"         {self.said.strip()}"


def run_page(page: Path, folder: Path) -> Iterator[Outcome]:
    """Run a page's commands in ``folder``, in their order."""
    variables: dict[str, str] = {}
    for command in commands_of(page):
        if why := reason_not_to_run(command.text):
            yield Outcome(command, "", (), None, why)
            continue
        with contextlib.chdir(folder):
            if command.assigned:
                value, code = _shell(f"{command.text}; echo ${command.assigned}")
                variables[f"${command.assigned}"] = value.strip()
                yield Outcome(command, "", (), code, value)
            else:
                yield _attempt(command, variables, folder)


def _attempt(command: Command, variables: dict[str, str], folder: Path) -> Outcome:
    """The outcome of a command; one without its stand-ins has failed too."""
    try:
        return _run(command, variables, folder)
    except (RuntimeError, OSError) as error:
        return Outcome(command, "", (), 1, f"{type(error).__name__}: {error}")


def _run(command: Command, variables: dict[str, str], folder: Path) -> Outcome:
    if not command.text.startswith("nnasim "):
        stand_ins = _provided(shlex.split(command.text), folder)
        ran = _torchrun(command.text) if command.text.startswith("torchrun") else command.text
        said, code = _shell(ran)
        return Outcome(command, ran, stand_ins, code, said)
    words = smaller([variables.get(word, word) for word in shlex.split(command.text)[1:]])
    stand_ins = _provided(words, folder)
    said, code = _nnasim(words)
    return Outcome(command, shlex.join(["nnasim", *words]), stand_ins, code, said)


def _torchrun(text: str) -> str:
    words = shlex.split(text)
    place = words.index("nnasim") + 1
    return shlex.join([*words[:place], *smaller(words[place:])])


def _nnasim(words: Sequence[str]) -> tuple[str, int]:
    """What a command says and its exit code; an output that an earlier block of the page made is replaced."""
    written = [
        Path(words[place + 1]) for place, word in enumerate(words[:-1]) if word in ("--out", "--store", "--figures")
    ]
    forced = [*words, "--force"] if any(path.exists() for path in written) and "--resume" not in words else [*words]
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main(forced)
    return said.getvalue()[-2000:], code


def _shell(text: str) -> tuple[str, int]:
    interpreter = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", text], capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": interpreter, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return (done.stdout + done.stderr)[-2000:], done.returncode


def _provided(words: Sequence[str], folder: Path) -> tuple[str, ...]:
    """The stand-ins for what ``words`` read and is not there; folders of outputs are made."""
    names = []
    for option, word in zip(["", *words], words, strict=False):
        name = word.partition(" ")[0]
        if option == ">":  # a shell makes it
            continue
        if option in WRITTEN:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
        elif not word.startswith("-") and not (folder / name).exists() and stand_in(name, folder):
            names.append(name)
    return tuple(names)


def run(names: Sequence[str]) -> int:
    """Run the pages whose path holds one of ``names``, or all; the number of commands that failed."""
    counts = {"ran": 0, "failed": 0, "not run": 0}
    for page in pages():
        name = str(page.relative_to(ROOT))
        if names and not any(each in name for each in names):
            continue
        print(f"\n{name}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            for outcome in run_page(page, Path(folder)):
                counts["not run" if outcome.code is None else "failed" if outcome.code else "ran"] += 1
                print(*outcome.lines(), sep="\n", flush=True)
    print("\n" + ", ".join(f"{count} {what}" for what, count in counts.items()))
    return counts["failed"]


if __name__ == "__main__":
    sys.exit(min(run(sys.argv[1:]), 1))
