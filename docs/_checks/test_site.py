"""Checks of the built site: `make docs-check` runs them on build/site.

They stand outside tests/, as they need the site: its names, its links, and its look in a browser.
"""

from __future__ import annotations

import inspect
import shutil
import socket
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module, util
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urldefrag, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
SITE = (ROOT / "build" / "site").resolve()
MODULES = (
    *("graphmp", "graphmp.nn", "graphmp.data", "graphmp.dataloading", "graphmp.sampling"),
    *("graphmp.ops", "graphmp.sparse", "graphmp.io", "graphmp.function", "graphmp.transforms"),
    *("graphmp.nn.optim", "graphmp.nn.functional"),
)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# A page of each kind, for the browser.
VIEWED = (
    *("index.html", "search.html", "layers.html", "dgl.html", "semantics.html"),
    *("guide/messages.html", "guide/cheatsheet.html", "guide/faq.html", "from_edge_index.html"),
    *("reference/nn.html", "reference/generated/graphmp.Graph.html"),
    *("reference/generated/graphmp.nn.GATConv.html", "gallery/index.html"),
    *("gallery/01_message_passing.html", "gallery/04_graph_classification.html"),
)


class Page(HTMLParser):
    """The ids of a page, and what it refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the attributes of a tag."""
        values = dict(attrs)
        self.ids |= {values[name] or "" for name in ("id", "name") if name in values}
        if tag != "link" or values.get("rel") != "preconnect":
            self.links += [values[name] or "" for name in ("href", "src") if name in values]


@pytest.fixture(scope="module")
def pages() -> dict[Path, Page]:
    """All pages of the site, by path."""
    if not (SITE / "index.html").exists():
        pytest.fail(f"There is no site in {SITE}; run `make docs`.")
    paths = [path for path in SITE.rglob("*.html") if SITE / "_static" not in path.parents]
    return {path: Page(path.read_text(encoding="utf-8")) for path in paths}


def public_names() -> set[str]:
    """The names that users import, without modules and second names of the same object."""
    names = set()
    for module in map(import_module, MODULES):
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            is_alias = getattr(value, "__name__", name) != name
            if not inspect.ismodule(value) and not is_alias and not name.startswith("__"):
                names.add(f"{module.__name__}.{name}")
    return names


def test_every_public_name_is_on_the_site(pages: dict[Path, Page]) -> None:
    inventory = (SITE / "objects.inv").read_bytes().split(b"\n", 4)[4]
    documented = {line.split()[0] for line in zlib.decompress(inventory).decode().splitlines()}
    last = {name.rpartition(".")[2] for name in documented}
    missing = sorted(
        name for name in public_names() - documented if name.rpartition(".")[2] not in last
    )
    assert missing == []


def test_every_internal_link_leads_somewhere(pages: dict[Path, Page]) -> None:
    broken = []
    for path, page in pages.items():
        for link in page.links:
            address, fragment = urldefrag(link)
            if urlsplit(link).scheme or link.startswith("//"):
                continue
            target = (path.parent / unquote(urlsplit(address).path)).resolve() if address else path
            target = target / "index.html" if target.is_dir() else target
            known = pages[target].ids | {""} if target in pages else {fragment}
            if not target.exists() or unquote(fragment) not in known:
                broken.append(f"{path.relative_to(SITE)}: {link}")
    assert broken == [], "\n".join(broken)


def answer(address: str) -> str | None:
    """What is wrong with an external address, or None."""
    request = urllib.request.Request(address, headers={"User-Agent": "Mozilla/5.0"})
    try:
        urllib.request.urlopen(request, timeout=20).close()
    except urllib.error.HTTPError as error:  # other answers mean: not for programs, or not now
        return f"{address}: {error.code}" if error.code in (404, 410) else None
    except OSError as error:
        return f"{address}: {error}"
    return None


def test_every_external_link_leads_somewhere(pages: dict[Path, Page]) -> None:
    try:
        socket.create_connection(("docs.python.org", 443), timeout=5).close()
    except OSError:
        pytest.skip("external links need a network: run this where docs.python.org answers")
    links = {urldefrag(link)[0] for page in pages.values() for link in page.links}
    external = sorted(link for link in links if link.startswith("https://"))
    with ThreadPoolExecutor(4) as pool:
        assert [problem for problem in pool.map(answer, external) if problem] == []


class Quiet(SimpleHTTPRequestHandler):
    """What `python -m http.server` runs, without its log."""

    def log_message(self, *args: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def address(pages: dict[Path, Page]) -> Iterator[str]:
    """The address of the site, served by Python."""
    handler = partial(Quiet, directory=str(SITE))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser, where one is installed."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None or util.find_spec("playwright") is None:
        pytest.skip("the site is viewed with Chromium: install it, and `pip install playwright`")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


LOOK = """() => ({
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    theme: document.documentElement.dataset.theme,
    raw: [...document.querySelectorAll('.math')].filter(e => !e.querySelector('mjx-container'))
        .length,
    blank: [...document.images].filter(e => !e.naturalWidth).map(e => e.src),
})"""


def wait_for_formulas(page: Any) -> None:
    """Wait until formulas are rendered and pictures are loaded."""
    page.evaluate("[...document.images].forEach(e => e.loading = 'eager')")
    page.wait_for_load_state("networkidle")
    page.evaluate("window.MathJax?.startup?.promise.then(() => null)")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_look_right(browser: Any, address: str, theme: str, width: int) -> None:
    problems: list[str] = []
    context = browser.new_context(viewport={"width": width, "height": 900})
    context.add_init_script(f"localStorage.mode = localStorage.theme = '{theme}'")
    page = context.new_page()
    page.on("console", lambda m: m.type == "error" and problems.append(f"{page.url}: {m.text}"))
    page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
    page.on("requestfailed", lambda request: problems.append(f"{page.url}: {request.url}"))
    for name in VIEWED:
        page.goto(f"{address}/{name}")
        wait_for_formulas(page)
        look = page.evaluate(LOOK)
        if look != {"overflow": 0, "theme": theme, "raw": 0, "blank": []}:
            problems.append(f"{name}: {look}")
    context.close()
    assert problems == []


def test_a_search_finds_a_layer(browser: Any, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/search.html?q=GATConv")
    link = page.locator("#search-results a[href*='graphmp.nn.GATConv.html']").first
    link.wait_for(timeout=30_000)
    assert "GATConv" in link.inner_text()
    page.close()
