"""A server and its users: the browser's own protocol over a websocket, and what one answer costs."""

import asyncio
import random
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from bench.browser import APP, start_server
from bench.cohort import STUDY
from bench.run import WrongAnswer

THINK = 2.0  # seconds between two clicks of one user, on average
CODES = ("bilirubin", "albumin", "inr", "creatinine", "sodium", "platelets", "alt", "ast")
PAGE = "trajectories"
FILTERS = (
    {"arm": "ABMi"},
    {"sex": "F"},
    {"sex": "M", "arm": "Control"},
    {"range": "bilirubin:1:2"},
    {"range": "age:40:60"},
)


@dataclass
class Session:
    """One user: what the server has sent since the last click."""

    socket: Any
    hashes: dict[str, str] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    figures: int = 0
    received: int = 0

    async def ask(self, path: str, **query: str) -> float:
        """Open a page with these parameters; the seconds until its script has finished."""
        message = BackMsg()
        message.rerun_script.query_string = "&".join(f"{name}={value}" for name, value in query.items())
        message.rerun_script.page_script_hash = self.hashes.get(path, "")
        self.texts, self.figures, self.received = [], 0, 0
        start = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        while not self.read(await asyncio.wait_for(self.socket.recv(), 600)):
            pass
        return time.perf_counter() - start

    def read(self, data: bytes) -> bool:
        """Take in one message; whether the script has finished."""
        message = ForwardMsg()
        message.ParseFromString(data)
        kind, self.received = message.WhichOneof("type"), self.received + len(data)
        if kind == "navigation":
            self.hashes = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
        if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            what = element.WhichOneof("type")
            if what == "exception":
                raise WrongAnswer(element.exception.message)
            if what == "markdown":
                self.texts.append(element.markdown.body)
            if what == "plotly_chart":
                self.figures += len(element.plotly_chart.spec)
        return kind == "script_finished"


async def join(address: str) -> Session:
    """A new user with the start page open."""
    url = address.replace("http", "ws") + "/_stcore/stream"
    socket = await websockets.connect(url, subprotocols=["streamlit"], max_size=None, open_timeout=60)
    session = Session(socket)
    await session.ask("", study=STUDY)
    return session


async def work(session: Session, clicks: int, seed: int, times: list[float]) -> None:
    """One user's clicks on another parameter, with time to think; the answer must name it."""
    rng = random.Random(seed)  # noqa: S311  # when to click, no secret
    for place in range(clicks):
        await asyncio.sleep(rng.uniform(0.5, 1.5) * THINK)
        code = CODES[(seed + place) % len(CODES)]
        times.append(await session.ask(PAGE, study=STUDY, paramcd=code))
        if not session.texts:
            raise WrongAnswer(f"the page of {code} came without a word")


async def crowd(address: str, users: int, clicks: int) -> list[float]:
    """The seconds of every click of so many users at once."""
    sessions = [await join(address) for _ in range(users)]
    times: list[float] = []
    for session in sessions[:1]:  # everything that is computed once is there before the crowd comes
        for code in CODES:
            await session.ask(PAGE, study=STUDY, paramcd=code)
    await asyncio.gather(*(work(session, clicks, seed, times) for seed, session in enumerate(sessions)))
    for session in sessions:
        await session.socket.close()
    return times


async def weigh_pages(address: str) -> dict[str, dict[str, int]]:
    """Bytes of figures and of everything that every page sends."""
    session = await join(address)
    found = {}
    for path in session.hashes:
        await session.ask(path, study=STUDY)
        found[path or "cohort"] = {"figures": session.figures, "bytes": session.received}
    await session.socket.close()
    return found


def read_memory(pid: int) -> float:
    """The resident memory of a process in MB; 0 where the system does not tell."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def run_users(store: str, users: list[int], clicks: int) -> list[dict[str, Any]]:
    """A row a number of users: median and 95th percentile in ms, memory before and after."""
    process, address = start_server(APP, Path(store))
    rows = []
    try:
        asyncio.run(crowd(address, 1, 2))
        for number in users:
            before = read_memory(process.pid)
            times = sorted(asyncio.run(crowd(address, number, clicks)))
            after = read_memory(process.pid)
            p95 = times[min(len(times) - 1, int(0.95 * len(times)))]
            rows.append({"users": number, "p50": 1e3 * statistics.median(times), "p95": 1e3 * p95,
                         "per_session": (after - before) / number, "memory": after})  # fmt: skip
    finally:
        process.terminate()
        process.wait()
    return rows


async def filter_page(address: str) -> list[float]:
    """The seconds of every filter, each set for the first time; the page itself was seen before."""
    session = await join(address)
    await session.ask(PAGE, study=STUDY, paramcd=CODES[0])
    times = [await session.ask(PAGE, study=STUDY, paramcd=CODES[0], **chosen) for chosen in FILTERS]
    await session.socket.close()
    return times


def run_filters(store: str) -> float:
    """The median seconds of a filter that nobody has set before."""
    process, address = start_server(APP, Path(store))
    try:
        return statistics.median(asyncio.run(filter_page(address)))
    finally:
        process.terminate()
        process.wait()


def run_weights(store: str) -> dict[str, dict[str, int]]:
    """What every page sends from a store."""
    process, address = start_server(APP, Path(store))
    try:
        return asyncio.run(weigh_pages(address))
    finally:
        process.terminate()
        process.wait()


def run_empty() -> float:
    """The seconds of a rerun of an empty page, the median of thirty with pauses."""
    process, address = start_server("bench/empty_page.py", Path())

    async def rerun() -> float:
        """Reruns of one session."""
        url = address.replace("http", "ws") + "/_stcore/stream"
        session = Session(await websockets.connect(url, subprotocols=["streamlit"], max_size=None))
        await session.ask("")
        times = []
        for _ in range(30):
            await asyncio.sleep(0.15)
            times.append(await session.ask(""))
        return statistics.median(times)

    try:
        return asyncio.run(rerun())
    finally:
        process.terminate()
        process.wait()
