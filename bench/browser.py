"""From the click to the drawn page of the next patient, in a browser, beside a bare page with the same figures."""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from bench.patients import COPIES, FEW, PRESSES, STUDY, make_large_store, make_small_store
from data.home import Home

ROOT = Path(__file__).parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
FLAGS = ("--disable-gpu", "--no-first-run", "--disable-background-networking", "--no-sandbox")
WAIT = 300_000  # milliseconds: the first page of 100,000 patients makes the filters' baselines
QUIET = 600  # milliseconds without any change of the page: it is fully drawn
# The time from the click to the last change before the page stays quiet and its script has ended.
MEASURE = """
([name, quiet]) => new Promise(resolve => {
  const app = document.querySelector('[data-testid="stApp"]');
  const button = [...document.querySelectorAll('button')].find(item => item.innerText.includes(name));
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


def measure_patient_page() -> list[dict[str, Any]]:
    """One row a store: patients, the median click of the page and of the bare page in ms, and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        small = make_small_store(Path(folder))
        large = make_large_store(Path(folder), small)
        return [compare_pages(small, FEW), compare_pages(large, FEW * (1 + COPIES))]


def compare_pages(home: Home, patients: int) -> dict[str, Any]:
    """Both pages side by side, a click on each in turn."""
    small = home.folder.parent / "few"
    servers = [start_server("app.py", home.folder), start_server("bench/bare_page.py", small)]
    try:
        with sync_playwright() as player:
            browser = player.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
            own = open_page(browser, *(f"{servers[0][1]}/{path}?study={STUDY}" for path in ("definitions", "profile")))
            # As on the page: the cohort stands behind a patient of few, not of many.
            bare = open_page(browser, servers[1][1] + ("?plain=1" if patients > FEW else ""))
            times = [(press(own), press(bare)) for _ in range(PRESSES)]
            browser.close()
    finally:
        for process, _ in servers:
            process.terminate()
            process.wait()
    page, unit = (statistics.median(column) for column in zip(*times, strict=True))
    return {"patients": patients, "page": page, "bare": unit, "ratio": statistics.median(a / b for a, b in times)}


def press(page: Page) -> float:
    """One click on to the next patient, in ms."""
    return float(page.evaluate(MEASURE, ["Next", QUIET]))


def open_page(browser: Browser, *addresses: str) -> Page:
    """The page at the last address, fully drawn, after one click that warms it up."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    for address in addresses:
        page.goto(address)
        page.get_by_role("heading", level=1).wait_for(timeout=WAIT)
        page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=WAIT)
    page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=WAIT)
    page.wait_for_timeout(1_000)
    press(page)
    return page


def start_server(script: str, folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """A Streamlit server on a store; the process and its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    program = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        script,
        "--server.port",
        str(port),
        "--server.headless",
        "true",
    ]
    here = {**os.environ, "HEPATRACE_HOME": str(folder), "PYTHONPATH": str(ROOT)}
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
