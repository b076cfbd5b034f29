"""Pages in a browser: from the click to the last change of the drawn page, of a small and of a large store."""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from bench.cohort import STUDY

ROOT = Path(__file__).parent.parent
APP = "app.py"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
FLAGS = ("--disable-gpu", "--no-first-run", "--disable-background-networking", "--no-sandbox")
WAIT = 600_000  # milliseconds: the first page of a million patients may have to make the derived tables
QUIET = 600  # milliseconds without any change of the page: it is fully drawn
PRESSES, VISITS = 8, 3
PAGES = ("Cohort", "Trajectories", "Response", "Two cohorts", "Scores", "Survival", "Safety", "Patient", "Worklist",
         "Two patients", "Notes and review", "Corrections", "Quality", "Data cuts", "Export", "About the data",
         "Evidence", "Report")  # fmt: skip
BETWEEN = "Definitions"  # a page of its own, so that each visit begins anew
# The time from the click to the last change before the page stays quiet and its script has ended.
MEASURE = """
([kind, name, quiet]) => new Promise(resolve => {
  const app = document.querySelector('[data-testid="stApp"]');
  const named = item => kind === 'button' ? item.innerText.includes(name) : item.innerText.trim().endsWith(name);
  const button = [...document.querySelectorAll(kind)].find(named);
  let last = performance.now();
  const start = last;
  const seen = new MutationObserver(() => { last = performance.now(); });
  seen.observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
  button.click();
  const clock = setInterval(() => {
    const idle = performance.now() - last > quiet;
    if (idle && last > start + 20 && app.getAttribute('data-test-script-state') === 'notRunning') {
      clearInterval(clock);
      seen.disconnect();
      resolve(last - start);
    }
  }, 20);
})
"""


def compare_stores(small: str, large: str) -> list[dict[str, Any]]:
    """A row a page: the median visit from both stores in ms, in turn, and their ratio."""
    servers = [start_server(APP, Path(store)) for store in (small, large)]
    try:
        with sync_playwright() as player:
            browser = player.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
            opened = [open_page(browser, f"{address}/?study={STUDY}") for _, address in servers]
            rows = [{"page": "first page of a server", "small": opened[0][1], "large": opened[1][1]}]
            for name in PAGES:
                times = [tuple(visit(page, name) for page, _ in opened) for _ in range(VISITS + 1)][1:]
                few, many = (statistics.median(column) for column in zip(*times, strict=True))
                rows.append({"page": name, "small": few, "large": many})
            browser.close()
    finally:
        stop(servers)
    return [row | {"ratio": row["large"] / row["small"]} for row in rows]


def compare_bare(small: str, large: str) -> list[dict[str, Any]]:
    """The step to the next patient of both stores beside a bare page with the same figures, in turn."""
    rows = []
    for store in (small, large):
        servers = [start_server(APP, Path(store)), start_server("bench/bare_page.py", Path(small))]
        try:
            with sync_playwright() as player:
                browser = player.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
                own, _ = open_page(browser, f"{servers[0][1]}/profile?study={STUDY}")
                # As on the page: the cohort stands behind a patient of few, not of many.
                bare, _ = open_page(browser, servers[1][1] + ("?plain=1" if store == large else ""))
                for page in (own, bare):
                    page.get_by_role("button", name="Next").wait_for(timeout=WAIT)
                    page.wait_for_timeout(1_000)
                    press(page)
                times = [(press(own), press(bare)) for _ in range(PRESSES)]
                browser.close()
        finally:
            stop(servers)
        page, unit = (statistics.median(column) for column in zip(*times, strict=True))
        rows.append({"page": page, "bare": unit, "ratio": statistics.median(a / b for a, b in times)})
    return rows


def visit(page: Page, name: str) -> float:
    """One visit of a page from another one, in ms."""
    link = 'a[data-testid="stPageLink-NavLink"]'
    page.evaluate(MEASURE, [link, BETWEEN, QUIET])
    return float(page.evaluate(MEASURE, [link, name, QUIET]))


def press(page: Page) -> float:
    """One click on to the next patient, in ms."""
    return float(page.evaluate(MEASURE, ["button", "Next", QUIET]))


def open_page(browser: Browser, address: str) -> tuple[Page, float]:
    """The page at an address, fully drawn, and the ms that this took."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    start = time.perf_counter()
    page.goto(address)
    page.get_by_role("heading", level=1).wait_for(timeout=WAIT)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=WAIT)
    return page, 1e3 * (time.perf_counter() - start)


def stop(servers: list[tuple[subprocess.Popen[bytes], str]]) -> None:
    """End the servers."""
    for process, _ in servers:
        process.terminate()
        process.wait()


def start_server(script: str, folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """A Streamlit server on a store; the process and its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    start = [script] if script == APP else ["-m", "streamlit", "run", script]
    program = [sys.executable, *start, "--server.port", str(port), "--server.headless", "true"]
    here = {**os.environ, "HEPATRACE_HOME": str(folder), "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(program, cwd=ROOT, env=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    for _ in range(150):
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):  # noqa: S310  # our own server
                return process, address
        except OSError:
            time.sleep(0.1)
    process.kill()
    raise RuntimeError(f"{script} did not answer within 15 s")


def find_browser() -> str | None:
    """An installed browser; None where there is none."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)
