"""Debian's Chromium on our pages: what a reader sees, hears and presses."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from axe_playwright_python.base import AXE_FILE_PATH
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright
from werkzeug.serving import make_server

from tests.support.programs import find

WIDTHS: Final = (360, 1440)
HEIGHT: Final = 800
LANGUAGES: Final = ("vi", "en")
SCREENS: Final = Path(__file__).parents[2] / "build" / "screens"
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""No sandbox: the tests may run as root. The others keep it from talking to anybody but us."""
WIDE: Final = """() => [...document.querySelectorAll("main *, header *")]
  .filter(each => each.getBoundingClientRect().right > innerWidth && !each.closest(".region, svg"))
  .map(each => each.outerHTML.slice(0, 80)).slice(0, 5)"""
"""What sticks out of the page."""
RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser. Raises ProgramMissing."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(find("chromium")), args=list(ARGUMENTS)
        )
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def served(app: Flask) -> Iterator[str]:
    """The application on a free port of this machine, in threads of this process; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Reader:
    """Somebody with a browser: signed in once, seen at every width and in both languages."""

    browser: Browser
    address: str
    context: BrowserContext

    @property
    def page(self) -> Page:
        """The page somebody works on."""
        return self.context.pages[0] if self.context.pages else self.context.new_page()

    def open(self, path: str, *, language: str = "vi", status: int = 200) -> Page:
        join = "&" if "?" in path else "?"
        answer = self.page.goto(f"{self.address}{path}{join}lang={language}")
        assert answer is not None
        assert answer.status == status, f"{path}: {answer.status}"
        return self.page

    def look(self, path: str, name: str, *, status: int = 200) -> None:
        """A page at all widths and in both languages: pictures in `build/screens`, in good order.

        In good order: nothing in the console, nothing that makes a phone scroll sideways, nothing
        axe-core objects to, in the light and in the dark.
        """
        SCREENS.mkdir(parents=True, exist_ok=True)
        page = self.page
        said: list[str] = []
        page.on("console", lambda it: said.append(it.text) if it.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        for language in LANGUAGES:
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": HEIGHT})
                self.open(path, language=language, status=status)
                page.emulate_media(color_scheme="light")
                page.screenshot(path=SCREENS / f"{name}-{width}-{language}.png", full_page=True)
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, f"{name} scrolls sideways at {width}: {page.evaluate(WIDE)}"
                for scheme in ("light", "dark"):
                    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                    found = objections(page)
                    assert not found, f"{name} {width} {language} {scheme}: " + "; ".join(found)
        page.emulate_media(color_scheme="dark")
        page.screenshot(path=SCREENS / f"{name}-dark.png", full_page=True)
        page.emulate_media(color_scheme="light")
        said = [text for text in said if status == 200 or f"status of {status}" not in text]
        assert not said, f"{name}: the console says {said}"


def download(page: Page, button: Locator) -> bytes:
    """The file that a button or link gives."""
    with page.expect_download() as download:
        button.click()
    return Path(download.value.path()).read_bytes()


def objections(page: Page) -> list[str]:
    """What axe-core finds wrong on a page, each with where it is."""
    page.evaluate(Path(AXE_FILE_PATH).read_text("utf-8"))
    answer: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", list(RULES)
    )
    return [
        f"{each['id']}: {node['html'][:160]} ({node['failureSummary'].splitlines()[-1].strip()})"
        for each in answer["violations"]
        for node in each["nodes"]
    ]
