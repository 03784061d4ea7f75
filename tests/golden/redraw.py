"""Draw the golden files anew and print what moved, for the commit: ``python -m tests.golden.redraw``."""

from __future__ import annotations

from tests.golden import golden_file
from tests.golden.figures import cycle_rows, integer_rows


def main() -> None:
    """Write both files; print one line per figure that moved."""
    for name, rows, keys in (("cycles.csv", list(cycle_rows()), 3), ("integers.csv", list(integer_rows()), 1)):
        changes = list(golden_file.moved(golden_file.read(name), rows, keys))
        golden_file.write(name, rows)
        print(f"{name}: {len(rows)} rows, {len(changes)} figures moved")
        for line in changes:
            print(f"  {line}")


if __name__ == "__main__":
    main()
