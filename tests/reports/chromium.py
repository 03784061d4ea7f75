"""Drive a headless Chromium over a pipe, by its DevTools protocol: the standard library is enough.

Chromium writes and reads JSON that ends in a NUL on descriptors 4 and 3 when it is started with
``--remote-debugging-pipe``; the protocol is described at Chrome's own ``chrome://inspect`` help.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage",
    "--no-first-run", "--remote-debugging-pipe", "--force-device-scale-factor=1", "--hide-scrollbars",
)  # fmt: skip
PATIENCE_S = 60  # of one answer: a busy machine is slow


def program() -> str | None:
    """The path of a Chromium, None where there is none."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


class Chromium:
    """A browser with one tab. ``events``: all that it has told, in order."""

    def __init__(self) -> None:
        path = program()
        assert path is not None
        self._folder = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()

        def as_3_and_4() -> None:
            # Above 4 first: a copy of a descriptor onto itself would stay one that a program does not inherit.
            spare = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10) for descriptor in (to_read, to_write)]
            os.dup2(spare[0], 3)
            os.dup2(spare[1], 4)

        self._process = subprocess.Popen(
            [path, *FLAGS, f"--user-data-dir={self._folder.name}", "about:blank"],
            preexec_fn=as_3_and_4, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_read)
        os.close(to_write)
        self._buffer, self._count, self.events = b"", 0, list[dict[str, Any]]()
        self._session: str | None = None
        page = next(t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self._session = self.ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        for descriptor in (self._read, self._write):
            os.close(descriptor)
        self._folder.cleanup()

    def ask(self, method: str, **parameters: Any) -> Any:
        """The answer to one command. RuntimeError with the browser's words where it refuses."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        for answer in self._messages():
            if answer.get("id") == self._count:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)
        raise AssertionError("unreachable")

    def _messages(self) -> Iterator[dict[str, Any]]:
        while True:
            head, ended, rest = self._buffer.partition(b"\0")
            if ended:
                self._buffer = rest
                yield json.loads(head)
                continue
            ready, _, _ = select.select([self._read], [], [], PATIENCE_S)
            if not ready:
                raise TimeoutError("the browser did not answer")
            told = os.read(self._read, 1 << 20)
            if not told:
                raise ConnectionError(f"the browser ended, exit code {self._process.wait()}")
            self._buffer += told

    # --- pages --------------------------------------------------------------------------------------------------------

    def look(self, width: int = 1280, height: int = 900, *, dark: bool = False, scripts: bool = True) -> None:
        """The size and theme of what is opened next, and whether its scripts run."""
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        self.ask("Emulation.setScriptExecutionDisabled", value=not scripts)

    def open(self, page: Path) -> None:
        """Go to the file ``page`` and wait until its charts are drawn."""
        self.events.clear()
        self.ask("Page.navigate", url=page.as_uri())
        self.wait("document.readyState === 'complete' && !document.documentElement.dataset.busy")

    def run(self, expression: str) -> Any:
        """The value of a JavaScript expression; RuntimeError with what it threw."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def wait(self, expression: str) -> None:
        """Until a JavaScript expression is true; TimeoutError where it never is."""

        def is_true() -> bool:
            with contextlib.suppress(RuntimeError):  # the page is not there yet
                return bool(self.run(expression))
            return False

        self.until(is_true, expression)

    def until(self, is_so: Callable[[], bool], what: str = "") -> None:
        """Until ``is_so`` returns true; TimeoutError with ``what`` where it never does."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if is_so():
                return
            time.sleep(0.05)
        raise TimeoutError(what)

    def middle(self, selector: str, place: int = 0) -> tuple[float, float]:
        """The middle of an element, brought into sight."""
        where = f"document.querySelectorAll({json.dumps(selector)})[{place}]"
        self.run(f"{where}.scrollIntoView({{block: 'center'}})")
        box = self.run(f"(({{x, y, width, height}}) => [x, y, width, height])({where}.getBoundingClientRect())")
        return box[0] + box[2] / 2, box[1] + box[3] / 2

    def point(self, x: float, y: float, kind: str = "mouseMoved", button: str = "none") -> None:
        """One event of the pointer."""
        down = 1 if button == "left" and kind != "mouseReleased" else 0
        self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, buttons=down, clickCount=1)

    def hover(self, selector: str, place: int = 0) -> None:
        """The pointer over an element."""
        x, y = self.middle(selector, place)
        self.point(x - 1, y)
        self.point(x, y)

    def click(self, selector: str, place: int = 0) -> None:
        """A click on an element."""
        x, y = self.middle(selector, place)
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.point(x, y, kind, "none" if kind == "mouseMoved" else "left")

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """The pointer pressed at ``start``, and let go at ``end``."""
        self.point(*start)
        self.point(*start, "mousePressed", "left")
        for step in range(1, 6):
            self.point(*(a + (b - a) * step / 5 for a, b in zip(start, end, strict=True)), "mouseMoved", "left")
        self.point(*end, "mouseReleased", "left")

    def press(self, key: str) -> None:
        """A key, down and up."""
        code = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}.get(key, 0)
        text = {"Enter": "\r", " ": " "}.get(key, key if len(key) == 1 else "")
        names = {"key": key, "code": key if len(key) > 1 else "", "windowsVirtualKeyCode": code}
        self.ask("Input.dispatchKeyEvent", type="keyDown", text=text, **names)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **names)

    def shoot(self, path: Path, *, whole: bool = True) -> None:
        """A picture of the page."""
        shot = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def complaints(self) -> list[str]:
        """What the console was told of errors and warnings, and what was asked of the network."""
        said = []
        for event in self.events:
            parameters = event.get("params", {})
            if event["method"] == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
                said.append(
                    str([argument.get("value", argument.get("description")) for argument in parameters["args"]])
                )
            if event["method"] == "Runtime.exceptionThrown":
                said.append(str(parameters["exceptionDetails"]))
            if event["method"] == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
                said.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")
            if event["method"] == "Network.requestWillBeSent":
                url = parameters["request"]["url"]
                if not url.startswith(("file:", "data:")) or (
                    url.startswith("file:") and parameters["type"] != "Document"
                ):
                    said.append(f"asked for {url}")
        return said
