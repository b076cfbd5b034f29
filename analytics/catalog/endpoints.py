"""Time-to-event endpoints: which events count, which end the observation without counting."""

from dataclasses import dataclass

DECOMPENSATION = ("ascites", "variceal_bleeding", "encephalopathy", "decompensation")


@dataclass(frozen=True)
class Endpoint:
    """An endpoint from day 0: the first of ``events`` counts, ``competing`` events end the observation."""

    code: str
    label: str
    events: tuple[str, ...]
    competing: tuple[str, ...] = ()
    reading: str = ""


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
    )
}
