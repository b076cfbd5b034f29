"""Time-to-event endpoints: when the clock starts, which events count, which compete, what ends the observation."""

import json
import shlex
from dataclasses import asdict, dataclass

DECOMPENSATION = ("ascites", "variceal_bleeding", "encephalopathy", "decompensation")
RESPONSE = "response"  # a derived event: the first day on which a responder rule is met
DAY_0, LANDMARK, BIRTH = "day_0", "landmark", "birth"  # starts besides the first event of a kind
CONTACT, CUT = "contact", "cut"
BUILT = "built"  # the code of every endpoint that was put together on screen


@dataclass(frozen=True)
class Endpoint:
    """A time-to-event endpoint.

    The first of ``events`` from the start on counts unless one of ``competing`` came before it, which ends
    the observation. ``start`` is ``day_0`` (the study's time zero), ``landmark`` (``landmark_day``, only for
    those still event-free), ``birth`` (age as the time scale) or a kind of event, whose first day counts;
    who started before day 0 is under observation from day 0 on (left truncation). ``censoring``: the last
    ``contact``, or the data ``cut`` where every event is known by then. ``until`` ends all observation that
    many days after the start.
    """

    code: str
    label: str
    events: tuple[str, ...]
    competing: tuple[str, ...] = ()
    reading: str = ""
    start: str = DAY_0
    landmark_day: int = 0
    censoring: str = CONTACT
    until: int | None = None

    def to_json(self) -> str:
        """The endpoint as it is saved."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Endpoint":
        """The endpoint that ``to_json`` wrote."""
        content = json.loads(text)
        kinds = {name: tuple(content.pop(name)) for name in ("events", "competing")}
        return cls(**content, **kinds)

    @property
    def axis(self) -> str:
        """What the curve is the share of."""
        return "Without response" if RESPONSE in self.events else self.label

    @property
    def text(self) -> str:
        """As the address writes it: events, competing events, start, landmark, censoring, until."""
        kinds = ("+".join(group) for group in (self.events, self.competing))
        return "|".join([*kinds, self.start, str(self.landmark_day), self.censoring, str(self.until or "")])

    @classmethod
    def find(cls, text: str, label: str) -> "Endpoint | None":
        """The endpoint of such a text; None for another text, or one without an event."""
        parts = text.split("|")
        if len(parts) != len(("events", "competing", "start", "landmark", "censoring", "until")) or not parts[0]:
            return None
        events, competing = (tuple(part.split("+")) if part else () for part in parts[:2])
        numbers = [int(part) if part.isdecimal() else 0 for part in (parts[3], parts[5])]
        return cls(BUILT, label, events, competing, "", parts[2], numbers[0], parts[4], numbers[1] or None)

    @property
    def options(self) -> str:
        """The endpoint as options of the terminal."""
        if ENDPOINTS.get(self.code) == self:
            return f"--endpoint {self.code}"
        parts = [f"--event-kind {shlex.quote(kind)}" for kind in self.events]
        parts += [f"--competing {shlex.quote(kind)}" for kind in self.competing]
        parts += [f"--start {shlex.quote(self.start)}"] if self.start != DAY_0 else []
        parts += [f"--landmark-day {self.landmark_day}"] if self.start == LANDMARK else []
        parts += [f"--censoring {self.censoring}"] if self.censoring != CONTACT else []
        return " ".join([*parts, *([f"--until {self.until}"] if self.until else [])])

    @property
    def words(self) -> str:
        """How the endpoint is read: event, start, what ends the observation."""
        if self.reading:
            return self.reading
        names, others = ([kind.replace("_", " ") for kind in kinds] for kinds in (self.events, self.competing))
        starts = {
            DAY_0: "",
            LANDMARK: f"Only who is event-free on day {self.landmark_day}, from that day on.",
            BIRTH: "The time scale is age; patients are under observation from day 0 on.",
        }
        since = f"From the first {self.start.replace('_', ' ')}; from day 0 where that came before."
        parts = [
            f"Event: {' or '.join(names)}{', whichever comes first' if names[1:] else ''}.",
            f"{' and '.join(others).capitalize()} end{'' if others[1:] else 's'} the observation." if others else "",
            starts.get(self.start, since),
            "Censored at the data cut." if self.censoring == CUT else "",
            f"Followed for {self.until} days at most." if self.until else "",
        ]
        return " ".join(part for part in parts if part)


ENDPOINTS = {
    endpoint.code: endpoint
    for endpoint in (
        Endpoint(
            "overall",
            "Overall survival",
            events=("death",),
            competing=("transplant",),
            reading="Event: death. Transplant ends the observation (censored).",
        ),
        Endpoint(
            "transplant_free",
            "Transplant-free survival",
            events=("death", "transplant"),
            reading="Event: death or transplant, whichever comes first.",
        ),
        Endpoint(
            "decompensation_free",
            "Decompensation-free survival",
            events=("death", "transplant", *DECOMPENSATION),
            reading="Event: ascites, variceal bleeding or overt encephalopathy after day 0, transplant or death.",
        ),
        Endpoint(
            "hcc_free",
            "HCC-free survival",
            events=("death", "transplant", "hcc"),
            reading="Event: hepatocellular carcinoma after day 0, transplant or death.",
        ),
        Endpoint(
            "response",
            "Time to response",
            events=(RESPONSE,),
            competing=("death", "transplant"),
            reading="Event: the first value after day 0 that meets the responder rule. Death and transplant "
            "end the observation.",
        ),
    )
}
