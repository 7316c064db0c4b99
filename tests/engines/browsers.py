"""Chromium, Firefox ESR and WebKitGTK behind one interface, as small as the story needs it.

The first and the last by their WebDrivers. Debian has none for Firefox, which speaks WebDriver BiDi
itself.
"""

import base64
import json
import shutil
import subprocess
import tempfile
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common import WebDriverException
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.print_page_options import PrintOptions
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.websocket_connection import WebSocketConnection

from scripts import chromium, engines

WIDTH, HEIGHT = 1200, 800
A4_CM = 21.0, 29.7
ANSWER_SECONDS = 30
LOOK_AGAIN_SECONDS = 0.01

FRAME = "document.querySelector('candidate-intelligence')?.shadowRoot?.querySelector('iframe')"
FRAME_HAS_FOCUS = "document.activeElement?.matches('candidate-intelligence')"
FRAME_BOX = f"""(() => {{
  const box = {FRAME}?.getBoundingClientRect()
  return box && [box.left, box.top, box.right, box.bottom]
}})()"""


class Browser(ABC):
    """One window. Scripts are expressions, which may be promises; what they give is JSON.

    Each raises WebDriverException, also where the frame is not there or has just been replaced.
    `prints`: whether there is a `pdf`.
    """

    prints = True

    @abstractmethod
    def goes_to(self, address: str) -> None: ...

    @abstractmethod
    def goes_back(self) -> None: ...

    @abstractmethod
    def in_page(self, script: str) -> Any: ...

    @abstractmethod
    def in_frame(self, script: str) -> Any: ...

    @abstractmethod
    def clicks(self, x: float, y: float) -> None:
        """In pixels of the page's viewport."""

    @abstractmethod
    def types(self, key: str, held: str = "") -> None: ...

    @abstractmethod
    def pdf(self) -> bytes:
        """The page on A4."""


class ByWebDriver(Browser):
    def __init__(self, driver: WebDriver) -> None:
        self._driver = driver

    def goes_to(self, address: str) -> None:
        self._driver.switch_to.default_content()
        self._driver.get(address)

    def goes_back(self) -> None:
        self._driver.switch_to.default_content()
        self._driver.back()

    def in_page(self, script: str) -> Any:
        self._driver.switch_to.default_content()
        return self._driver.execute_script(f"return {script}")

    def in_frame(self, script: str) -> Any:
        frame = self.in_page(FRAME)
        if frame is None:
            raise WebDriverException("there is no frame")
        self._driver.switch_to.frame(frame)
        return self._driver.execute_script(f"return {script}")

    def clicks(self, x: float, y: float) -> None:
        # In the page, as drivers do not scroll it for what is in a frame.
        self._driver.switch_to.default_content()
        actions = ActionBuilder(self._driver)
        pointer = actions.pointer_action
        pointer.move_to_location(round(x), round(y)).click()  # type: ignore[no-untyped-call]
        actions.perform()

    def types(self, key: str, held: str = "") -> None:
        keys = webdriver.ActionChains(self._driver)
        for each in held:
            keys.key_down(each)
        keys.send_keys(key)
        for each in held:
            keys.key_up(each)
        keys.perform()

    def pdf(self) -> bytes:
        self._driver.switch_to.default_content()
        paper = PrintOptions()
        paper.page_width, paper.page_height = A4_CM
        return base64.b64decode(self._driver.print_page(paper))


class ByBiDi(Browser):
    def __init__(self, connection: WebSocketConnection) -> None:
        self._connection = connection
        self._call("session.new", capabilities={})
        self._page = self._call("browsingContext.getTree")["contexts"][0]["context"]
        size = {"width": WIDTH, "height": HEIGHT}
        self._call("browsingContext.setViewport", context=self._page, viewport=size)

    def goes_to(self, address: str) -> None:
        self._call("browsingContext.navigate", context=self._page, url=address, wait="complete")

    def goes_back(self) -> None:
        self._call("browsingContext.traverseHistory", context=self._page, delta=-1)

    def in_page(self, script: str) -> Any:
        return self._evaluate(self._page, script)

    def in_frame(self, script: str) -> Any:
        return self._evaluate(self._frame(), script)

    def clicks(self, x: float, y: float) -> None:
        # What a frame of another site is to notice has to be done in that frame.
        left, top, right, bottom = self.in_page(FRAME_BOX) or (0, 0, 0, 0)
        is_in_frame = left < x < right and top < y < bottom
        context = self._frame() if is_in_frame else self._page
        if is_in_frame:
            x, y = x - left, y - top
        move = {"type": "pointerMove", "x": round(x), "y": round(y)}
        button = [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        self._acts(context, {"type": "pointer", "id": "mouse", "actions": [move, *button]})

    def types(self, key: str, held: str = "") -> None:
        keys = [*held, key]
        actions = [{"type": "keyDown", "value": each} for each in keys]
        actions += [{"type": "keyUp", "value": each} for each in reversed(keys)]
        context = self._frame() if self.in_page(FRAME_HAS_FOCUS) else self._page
        self._acts(context, {"type": "key", "id": "keyboard", "actions": actions})

    def pdf(self) -> bytes:
        page = dict(zip(("width", "height"), A4_CM, strict=True))
        answer = self._call("browsingContext.print", context=self._page, page=page)
        return base64.b64decode(answer["data"])

    def _frame(self) -> str:
        frames = self._call("browsingContext.getTree", root=self._page)["contexts"][0]["children"]
        if not frames:
            raise WebDriverException("there is no frame")
        return str(frames[0]["context"])

    def _acts(self, context: str, source: dict[str, Any]) -> None:
        self._call("input.performActions", context=context, actions=[source])

    def _evaluate(self, context: str, script: str) -> Any:
        answer = self._call(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({script}) ?? null))()",
            target={"context": context},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise WebDriverException(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def _call(self, method: str, **parameters: Any) -> Any:
        answer = self._connection.send_cmd(method, parameters)  # type: ignore[no-untyped-call]
        if "error" in answer:
            raise WebDriverException(f"{answer['error']}: {answer['message']}")
        return answer["result"]


@contextmanager
def running(name: str) -> Iterator[Browser]:
    with {"chromium": _chromium, "firefox": _firefox, "webkit": _webkit}[name]() as browser:
        yield browser


@contextmanager
def _chromium() -> Iterator[Browser]:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in (*chromium.options()["args"], "--headless", f"--window-size={WIDTH},{HEIGHT}"):
        options.add_argument(argument)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    with _ending(webdriver.Chrome(options, service)) as driver:
        yield ByWebDriver(driver)


@contextmanager
def _webkit() -> Iterator[Browser]:
    options = webdriver.WebKitGTKOptions()
    options.binary_location = engines.mini_browser()
    options.add_argument("--automation")
    service = webdriver.WebKitGTKService(shutil.which("WebKitWebDriver"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # which Selenium causes itself
        started = webdriver.WebKitGTK(options, service)
    with _ending(started) as driver:
        driver.set_window_size(WIDTH, HEIGHT)
        browser = ByWebDriver(driver)
        browser.prints = False  # its driver does not know the command
        yield browser


@contextmanager
def _ending(driver: WebDriver) -> Iterator[WebDriver]:
    driver.set_script_timeout(ANSWER_SECONDS)
    driver.set_page_load_timeout(ANSWER_SECONDS)
    try:
        yield driver
    finally:
        driver.quit()


@contextmanager
def _firefox() -> Iterator[Browser]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = ["firefox-esr", "--headless", "--remote-debugging-port=0", "--profile", profile]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with closing(_connection(Path(profile, "WebDriverBiDiServer.json"))) as connection:
                yield ByBiDi(connection)
        finally:
            process.terminate()
            process.wait()


def _connection(server: Path) -> WebSocketConnection:
    """Waits for the file in which Firefox says where it listens."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while not (at := _read(server)):
        assert time.monotonic() < deadline, "Firefox did not start"
        time.sleep(LOOK_AGAIN_SECONDS)
    address = f"ws://{at['ws_host']}:{at['ws_port']}/session"
    return WebSocketConnection(address, ANSWER_SECONDS, LOOK_AGAIN_SECONDS)  # type: ignore[no-untyped-call]


def _read(file: Path) -> Any:
    """None until it has been written, to its end."""
    with suppress(FileNotFoundError, json.JSONDecodeError):
        return json.loads(file.read_text())
