"""Drive a headless Chromium over its DevTools protocol: just enough to test pages as a person meets them."""

from __future__ import annotations

import base64
import contextlib
import io
import itertools
import json
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import websocket
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

_FLAGS = (
    "--headless",
    "--no-sandbox",
    # Clients that draw with WebGL, on machines without a graphics card.
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
    "--font-render-hinting=none",
    "--disable-lcd-text",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)
_START_S = 60.0


class PageError(AssertionError):
    """A page did not do what was waited for."""


@dataclass
class Page:
    """One tab.

    Attributes
    ----------
    console : list of str
        Errors and warnings of the console, and exceptions nobody caught.
    requests : list of str
        The address of everything the page asked for.
    """

    socket: websocket.WebSocket
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result; events that come meanwhile are noted."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == number:
                if "error" in message:
                    raise PageError(f"{method}: {message['error']['message']}")
                return dict(message["result"])
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        match message.get("method"):
            case "Runtime.exceptionThrown":
                details = message["params"]["exceptionDetails"]
                text = details.get("exception", {}).get("description", details["text"])
                self.console.append(text)
            case "Runtime.consoleAPICalled":
                if message["params"]["type"] in ("error", "warning", "assert"):
                    values = message["params"]["args"]
                    self.console.append(" ".join(str(v.get("value", v)) for v in values))
            case "Log.entryAdded":
                entry = message["params"]["entry"]
                if entry["level"] in ("error", "warning"):
                    self.console.append(f"{entry['text']} {entry.get('url', '')}")
            case "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
            case "Network.responseReceived":
                response = message["params"]["response"]
                if response["status"] >= 400:
                    self.failures.append(f"{response['status']} {response['url']}")

    def forget(self) -> None:
        """Forget what was noted so far."""
        self.console.clear()
        self.requests.clear()
        self.failures.clear()

    def assert_clean(self, *addresses: str) -> None:
        """No error was told, no answer failed, and nothing was asked of other hosts than these."""
        assert self.console == []
        assert self.failures == []
        asked = [address for address in self.requests if address.startswith(("http:", "https:"))]
        allowed = {urlsplit(address).netloc for address in addresses}
        assert {urlsplit(address).netloc for address in asked} <= allowed

    def resize(self, width: int, height: int) -> None:
        """Give the page a window of this size in pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def colour_scheme(self, name: str) -> None:
        """Prefer "light" or "dark"; "" = as the system has it."""
        features = [{"name": "prefers-color-scheme", "value": name}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def go(self, address: str) -> None:
        """Open an address and wait until the page is loaded."""
        result = self.call("Page.navigate", url=address)
        if result.get("errorText"):
            raise PageError(f"{address}: {result['errorText']}")
        self.wait_for("document.readyState === 'complete'")

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression (awaited)."""
        result = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise PageError(details.get("exception", {}).get("description", details["text"]))
        return result["result"].get("value")

    def wait_for(self, expression: str, timeout_s: float = 30.0) -> None:
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + timeout_s
        # As a boolean: an element without own properties comes back as an empty record. And between two
        # pages a document has no body for a moment.
        while not self.evaluate(f"Boolean(document.body && ({expression}))"):
            if time.monotonic() > end:
                raise PageError(f"still not true after {timeout_s:g} s: {expression}")
            time.sleep(0.05)

    def click(self, x: float, y: float) -> None:
        """Press and release the mouse at a place of the window."""
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            buttons = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **buttons)

    def press(self, key: str) -> None:
        """Press one key."""
        text = key if len(key) == 1 else ""
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def picture(self, selector: str) -> np.ndarray:
        """Return what an element shows, (rows, cols, 3)."""
        place = self.evaluate(
            f"(({{x, y, width, height}}) => ({{x, y, width, height, scale: 1}}))"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())"
        )
        answer = self.call("Page.captureScreenshot", format="png", clip=place)
        shot = Image.open(io.BytesIO(base64.b64decode(answer["data"])))
        return np.asarray(shot.convert("RGB"))

    def screenshot(self, path: Path) -> Path:
        """Write what the window shows as PNG."""
        answer = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(answer["data"]))
        return path


def _debug_port(profile: Path, process: subprocess.Popen[bytes]) -> int:
    end = time.monotonic() + _START_S
    file = profile / "DevToolsActivePort"
    while time.monotonic() < end:
        if process.poll() is not None:
            raise PageError(f"Chromium ended at once with code {process.returncode}")
        if file.exists() and (lines := file.read_text().splitlines()):
            return int(lines[0])
        time.sleep(0.05)
    raise PageError(f"Chromium did not listen within {_START_S:g} s")


@contextlib.contextmanager
def open_page(chromium: Path) -> Iterator[Page]:
    """Start Chromium with an empty profile and yield its one tab; everything is gone afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        profile = Path(folder)
        command = [str(chromium), *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            port = _debug_port(profile, process)
            with urllib.request.urlopen(
                f"http://127.0.0.1:{port}/json", timeout=_START_S
            ) as answer:
                targets = json.load(answer)
            address = next(t["webSocketDebuggerUrl"] for t in targets if t["type"] == "page")
            socket = websocket.create_connection(address, timeout=120)
            try:
                page = Page(socket)
                for domain in ("Page", "Runtime", "Log", "Network"):
                    page.call(f"{domain}.enable")
                yield page
            finally:
                socket.close()
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
