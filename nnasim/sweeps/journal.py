"""Optuna's journal, one operation a line: replayed as far as it takes to see that no line is missing or there twice.

Optuna passes over an operation on a trial that never began or has ended, and counts a doubled beginning as a trial.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Numbers that Optuna's journal has for its operations, and for states of a trial.
CREATE_STUDY, DELETE_STUDY, CREATE_TRIAL, SET_PARAM, SET_STATE, SET_USER_ATTR = 0, 1, 4, 5, 6, 8
OF_A_STUDY, OF_A_TRIAL = (DELETE_STUDY, 2, 3, CREATE_TRIAL), (SET_PARAM, SET_STATE, 7, SET_USER_ATTR, 9)
ENDED = (1, 2, 3)
MISSING, TWICE = "a line before it is missing", "a line is there twice"


@dataclass
class _Trial:
    study: int
    ended: bool
    params: set[str] = field(default_factory=set)
    has_key: bool = False


class Replay:
    """The studies and trials after the lines so far. ``name``: our study, whose trials have a key and all fields."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._ours: set[int] = set()
        self._open: dict[str, int] = {}  # study -> its number, unless it was deleted
        self._studies = 0
        self._trials: list[_Trial] = []
        self._begun: set[tuple[str, str]] = set()
        self._params: dict[int, set[str]] = {}  # study -> those of its first trial that ended

    def fault(self, entry: Mapping[str, Any]) -> str | None:
        """Take one more line. Returns its fault, or None."""
        operation = entry["op_code"]
        if operation == CREATE_STUDY:
            self._create_study(str(entry.get("study_name")))
        elif operation in OF_A_STUDY:
            return self._of_study(operation, entry)
        elif operation in OF_A_TRIAL:
            return self._of_trial(operation, entry)
        return None

    def _create_study(self, name: str) -> None:
        """Two processes that begin at once both create it: Optuna takes the first."""
        if name in self._open:
            return
        self._open[name] = self._studies
        if name == self._name:
            self._ours.add(self._studies)
        self._studies += 1

    def _of_study(self, operation: int, entry: Mapping[str, Any]) -> str | None:
        study = entry.get("study_id")
        if not _is_below(study, self._studies):
            return f"is of study {study!r:.40}, which does not begin before it: {MISSING}"
        if operation == DELETE_STUDY:
            self._open = {name: number for name, number in self._open.items() if number != study}
        if operation == CREATE_TRIAL:
            began = (str(entry.get("worker_id")), str(entry.get("datetime_start")))
            if entry.get("datetime_start") is not None and began in self._begun:
                return f"begins a trial that began before: {TWICE}"
            self._begun.add(began)
            self._trials.append(_Trial(study, entry.get("state") in ENDED))  # type: ignore[arg-type]  # it is an int
        return None

    def _of_trial(self, operation: int, entry: Mapping[str, Any]) -> str | None:
        number = entry.get("trial_id")
        if not _is_below(number, len(self._trials)):
            return f"is of trial {number!r:.40}, which does not begin before it: {MISSING}"
        trial = self._trials[number]  # type: ignore[index]  # it is an int
        if trial.ended:
            return f"is of trial {number}, which has ended before it: {TWICE}"
        if operation == SET_PARAM:
            if (name := str(entry.get("param_name"))) in trial.params:
                return f"gives {name!r:.80} of trial {number} again: {TWICE}"
            trial.params.add(name)
        given = entry.get("user_attr")
        if operation == SET_USER_ATTR and isinstance(given, Mapping) and "key" in given:
            if trial.has_key:
                return f"gives the key of trial {number} again: {TWICE}"
            trial.has_key = True
        if operation == SET_STATE and entry.get("state") in ENDED:
            trial.ended = True
            if trial.study in self._ours and not self._is_full(trial):
                return f"ends trial {number}, of which not all is there: {MISSING}"
        return None

    def _is_full(self, trial: _Trial) -> bool:
        return trial.has_key and trial.params == self._params.setdefault(trial.study, trial.params)


def _is_below(number: object, count: int) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < count
