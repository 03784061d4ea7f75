"""The command that made a result or a folder, or the reason why it cannot be repeated."""

from __future__ import annotations

from pathlib import Path

from nnasim.errors import FileError

_NOT_REPEATED = {
    "study.json": "is the folder of a study, which trains or simulates for minutes to days: run its command with "
    "another --out, and compare the two study.json",
    "model.json": "is a trained model: train again with its command and another --out, and compare the two model.json",
    "validation.json": "is the folder of nnasim validate, which records no command: run that again with another --out",
    "points.csv": "is the folder of a sweep's report, drawn from its store: nnasim sweep-report draws it again",
}
"""Files that mark a folder without a repeatable run, and the reason; a command found in it is named too."""


def recorded_command(result: Path) -> str:
    """The command that made ``result``. Raises FileError if none is recorded, or if it cannot be repeated."""
    text = _command_of_folder(result) if result.is_dir() else _command_of_file(result)
    if text is None:
        raise FileError(result, "records no command: Python code made it, so it cannot be run again from here")
    return text


def _command_of_folder(folder: Path) -> str | None:
    from nnasim.studies.chips_record import CHIPS_FILE, read_chips_record
    from nnasim.studies.fronts_record import FRONTS_FILE
    from reports.result_set import read_folder

    if (folder / CHIPS_FILE).exists():
        return read_chips_record(folder / CHIPS_FILE).command
    if (folder / FRONTS_FILE).exists():
        return _command_in(folder / FRONTS_FILE)
    for name, why in _NOT_REPEATED.items():
        if (folder / name).exists():
            command = _command_in(folder / name) if name.endswith(".json") else None
            raise FileError(folder, why + (f": {command:.500}" if command else ""))
    summary = read_folder(folder).summary
    return summary.command if summary else None


def _command_of_file(path: Path) -> str | None:
    from nnasim import filekind, files
    from nnasim.ir.io import read_result, read_shared

    data = files.read_json(path)
    kind = data.get("kind") if isinstance(data, dict) else None
    if kind == "nnasim.shared":
        return read_shared(path).command
    if kind == "nnasim.result":
        return read_result(path).command
    if path.name in ("chips.json", "fronts.json", "summary.json"):
        raise FileError(path, f"is one file of a folder that was made as a whole: give {path.parent}")
    found = filekind.of_data(data) or "a JSON file"
    raise FileError(path, f"is {found}, which no repeatable run made: give a result, or a folder of compare")


def _command_in(path: Path) -> str | None:
    """The text of a record's command, at its top or in its ``info``; None if it has none."""
    from nnasim import files

    data = files.read_json(path)
    places = (data, data.get("info")) if isinstance(data, dict) else ()
    texts = (place.get("command") for place in places if isinstance(place, dict))
    return next((text for text in texts if isinstance(text, str)), None)
