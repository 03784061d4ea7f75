"""`--figures DIR --format svg|png|pdf`: each figure of a command's page as a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.blocks import Figure
    from reports.figures.style import FileFormat


@dataclass(frozen=True)
class FigureFiles:
    """The figures that were asked for, of one ``kind``, in ``folder``; None: no files."""

    folder: Path | None
    kind: FileFormat = "svg"
    force: bool = False

    def write(self, figures: Iterable[Figure]) -> None:
        """Write ``figures``, if they were asked for. Raises FileError."""
        if self.folder is None:
            return
        from reports.document import write_figures

        write_figures(self.folder, figures, self.kind, force=self.force)


def figure_files(command: str, folder: Path | None, kind: str | None, force: bool) -> FigureFiles:
    """The figures that the options of ``command`` ask for, checked before the work. Raises ConfigError or FileError."""
    from nnasim import files
    from nnasim.cli.unused import refuse_unused
    from nnasim.errors import ConfigError
    from reports.figures.style import FORMATS

    if folder is None:
        refuse_unused(command, "without --figures", format=kind)
        return FigureFiles(None)
    files.refuse_existing_folder(folder, force)
    wanted = next((known for known in FORMATS if known == (kind or "svg")), None)
    if wanted is None:
        raise ConfigError(command, "--format", kind, f"must be one of {', '.join(FORMATS)}")
    return FigureFiles(folder, wanted, force)
