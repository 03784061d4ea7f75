"""Optuna's study of a search, in memory or in a storage that others share, each failure of which becomes one line."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import unquote

from nnasim import files, limits
from nnasim.errors import FileError, InputError, reason
from nnasim.redacted import address_shown
from nnasim.sweeps.job import Job
from nnasim.sweeps.journal import Replay
from nnasim.within import within

AnswerT = TypeVar("AnswerT")
OPEN_SECONDS = 60.0  # within which a database answers when it is opened
_LONGEST_LINE = limits.JOURNAL_LINE_BYTES
_BLOCK = 2**20  # bytes
ANEW = "begin a new journal: the points are in the store"


class Trials:
    """An Optuna study. ``storage``: a journal file or a database's address; None keeps it in memory.

    Every method raises InputError if the storage fails, whatever exception its database or driver raises, and FileError
    for a journal that is damaged.
    """

    def __init__(self, job: Job, name: str, storage: str | None) -> None:
        self.storage = storage
        if storage is not None and _is_in_memory(storage):
            why = "must be kept: a database in memory is lost at the end"
            raise InputError("storage", "address", address_shown(storage), why)
        if storage is not None and "://" not in storage:
            refuse_damaged_journal(Path(storage), name)
        self._study = self._asked(lambda: _opened(job, name, storage))

    def __len__(self) -> int:
        """The number of trials of all processes that share the storage."""
        return self._asked(lambda: len(self._study.trials))

    def ask(self, distributions: Mapping[str, Any]) -> Any:
        """A new trial within ``distributions``."""
        return self._asked(lambda: self._study.ask(dict(distributions)))

    def tell(self, trial: Any, key: str, costs: tuple[float, ...] | None) -> None:
        """Report the outcome of ``trial``: its objectives, or None if it failed or was left out."""
        from optuna.trial import TrialState

        def tell() -> None:
            trial.set_user_attr("key", key)
            if costs is None:  # Optuna prunes single-objective studies only
                self._study.tell(trial, state=TrialState.FAIL)
            else:
                self._study.tell(trial, list(costs))

        self._asked(tell)

    def _asked(self, question: Callable[[], AnswerT]) -> AnswerT:
        if self.storage is None:
            return question()
        try:
            return question()
        except MemoryError:
            raise
        except Exception as error:
            where, what = address_shown(self.storage), type(error).__name__
            if isinstance(error, TimeoutError) and error.errno is None:
                what = f"it does not answer within {OPEN_SECONDS:.0f} s"
            elif isinstance(error, OSError) and error.errno is not None:
                what = reason(error)
            elif what == "SAWarning":
                what = "it has parameters that its driver does not know"
            elif "disk is full" in str(error):
                what = "the disk is full"
            raise InputError("storage", "address", where, f"cannot be used as Optuna's storage ({what})") from None


def refuse_damaged_journal(path: Path, name: str) -> None:
    """Raise FileError for a journal that is not a regular file, or whose last line is cut, or in which a line is
    invalid, missing or there twice. ``name``: the study in it that is ours.
    """
    if not path.exists():
        return
    with files.open_regular(path) as journal:
        _refuse_long_journal(journal, path)
        number, line, replay = 0, b"\n", Replay(name)
        while line := journal.readline(_LONGEST_LINE):
            number += 1
            if not line.endswith(b"\n"):
                break
            if (entry := _entry(line)) is None:
                raise FileError(path, f"line {number} is no entry of an Optuna journal{files.seems(path)}")
            if (fault := replay.fault(entry)) is not None:
                raise FileError(path, f"line {number} {fault}; {ANEW}")
        else:
            return
    cut = f"line {number}, the last one, is cut: its writer was ended; remove that line and the search continues"
    long = f"line {number} is no entry of an Optuna journal: it has more than {_LONGEST_LINE:,} bytes"
    raise FileError(path, cut if len(line) < _LONGEST_LINE else long)


def _refuse_long_journal(journal: BinaryIO, path: Path) -> None:
    """Raise FileError for more bytes or lines than are looked at, before they are."""
    if (size := os.fstat(journal.fileno()).st_size) > limits.JOURNAL_BYTES:
        raise FileError(path, f"has {size:,} bytes, at most {limits.JOURNAL_BYTES:,} are allowed; {ANEW}")
    lines = sum(block.count(b"\n") for block in iter(lambda: journal.read(_BLOCK), b""))
    if lines > limits.JOURNAL_LINES:
        raise FileError(path, f"has {lines:,} lines, at most {limits.JOURNAL_LINES:,} are allowed; {ANEW}")
    journal.seek(0)


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line.decode())  # without a look for other encodings
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("op_code"), int) else None


def _opened(job: Job, name: str, storage: str | None) -> Any:
    """The study. Drivers wait without end for a database that takes a connection and says nothing."""
    if storage is None or "://" not in storage:
        return _study(job, name, storage)
    return within(OPEN_SECONDS, lambda: _study(job, name, storage))


def _study(job: Job, name: str, storage: str | None) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    samplers = {
        "tpe": optuna.samplers.TPESampler,
        "nsga2": optuna.samplers.NSGAIISampler,
        "random": optuna.samplers.RandomSampler,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(
            storage=_storage(storage), study_name=name, load_if_exists=True,
            directions=["minimize"] * len(job.spec.objectives),
            sampler=samplers[job.spec.search.algorithm](seed=job.spec.seed),
        )  # fmt: skip
        study.set_metric_names(list(job.spec.objectives))
    return study


def _storage(address: str | None) -> Any:
    """Memory, a journal file, or a database's address."""
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend

    if address is None:
        return None
    if "://" not in address:
        return JournalStorage(JournalFileBackend(address))
    from sqlalchemy.exc import SAWarning

    with warnings.catch_warnings():
        warnings.simplefilter("error", SAWarning)  # of parameters that the driver would ignore
        return RDBStorage(address)


def _is_in_memory(address: str) -> bool:
    """Whether ``address`` is one of SQLite that names no file."""
    scheme, _, place = unquote(address).partition("://")
    named = place.partition("?")[0].strip("/")
    return scheme.lower().startswith("sqlite") and (not named or ":memory:" in named or "mode=memory" in place)
