"""Optuna's journal, one operation a line: replayed as far as it takes to see that no line is missing or there twice.

Optuna passes over an operation on a trial that never began or has ended, and counts a doubled beginning as a trial.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

# Numbers that Optuna's journal has for its operations, and for states of a trial.
CREATE_STUDY, DELETE_STUDY, CREATE_TRIAL, SET_PARAM, SET_STATE, SET_USER_ATTR = 0, 1, 4, 5, 6, 8
OF_A_STUDY, OF_A_TRIAL = (DELETE_STUDY, 2, 3, CREATE_TRIAL), (SET_PARAM, SET_STATE, 7, SET_USER_ATTR, 9)
ENDED = (1, 2, 3)
MISSING, TWICE = "a line before it is missing", "a line is there twice"


class Replay:
    """The studies and trials after the lines so far. ``name``: our study, whose trials have a key and all fields.

    Of a trial that has ended little is kept: a journal may have hundreds of thousands.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._ours: set[int] = set()
        self._open: dict[str, int] = {}  # study -> its number, unless it was deleted
        self._studies = 0
        self._study_of: list[int] = []  # of each trial
        self._ended = bytearray()  # of each trial, whether it has
        self._begun: dict[str, set[str]] = {}  # worker -> when its trials began
        self._given: dict[int, set[str]] = {}  # trial that has not ended -> its parameters
        self._keyed: set[int] = set()  # trials that have not ended, with a key
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
            begun, start = self._begun.setdefault(str(entry.get("worker_id")), set()), entry.get("datetime_start")
            if start is not None and str(start) in begun:
                return f"begins a trial that began before: {TWICE}"
            begun.add(str(start))
            self._study_of.append(study)
            self._ended.append(entry.get("state") in ENDED)
        return None

    def _of_trial(self, operation: int, entry: Mapping[str, Any]) -> str | None:
        number = entry.get("trial_id")
        if not _is_below(number, len(self._ended)):
            return f"is of trial {number!r:.40}, which does not begin before it: {MISSING}"
        if self._ended[number]:
            return f"is of trial {number}, which has ended before it: {TWICE}"
        if operation == SET_PARAM:
            return self._set_param(number, str(entry.get("param_name")))
        given = entry.get("user_attr")
        if operation == SET_USER_ATTR and isinstance(given, Mapping) and "key" in given:
            if number in self._keyed:
                return f"gives the key of trial {number} again: {TWICE}"
            self._keyed.add(number)
        if operation == SET_STATE and entry.get("state") in ENDED and not self._end(number):
            return f"ends trial {number}, of which not all is there: {MISSING}"
        return None

    def _set_param(self, trial: int, name: str) -> str | None:
        if name in (given := self._given.setdefault(trial, set())):
            return f"gives {name!r:.80} of trial {trial} again: {TWICE}"
        given.add(name)
        return None

    def _end(self, trial: int) -> bool:
        """End ``trial``. Returns whether all of it is there; those of other studies may have what they like."""
        self._ended[trial] = True
        given, has_key, study = self._given.pop(trial, set()), trial in self._keyed, self._study_of[trial]
        self._keyed.discard(trial)
        return study not in self._ours or (has_key and given == self._params.setdefault(study, given))


def _is_below(number: object, count: int) -> TypeGuard[int]:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < count
