"""A worker process does not outlive the process that it works for."""

from __future__ import annotations

import os
import threading
import time

PARENT_WATCH_SECONDS = 1.0


def die_with_parent(parent: int) -> None:
    """Start a thread that ends this process when ``parent`` is no longer its parent: SIGKILL leaves no other trace."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
