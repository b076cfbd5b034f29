"""The visit schedule of a SIMULATED trial."""

NAMES = (
    "Screening",
    "Baseline",
    "Week 1",
    "Week 2",
    "Month 1",
    "Month 2",
    "Month 3",
    "Month 6",
    "Month 9",
    "Month 12",
    "Month 18",
    "Month 24",
)
TARGETS = (-14, 0, 7, 14, 30, 61, 91, 183, 274, 365, 548, 730)


def derive_windows() -> list[tuple[str, int, int, int, int]]:
    """Name, target, first and last day and tolerance of every visit; windows meet in the middle between two targets."""
    windows = []
    for index, (name, target) in enumerate(zip(NAMES, TARGETS, strict=True)):
        before = TARGETS[index - 1] if index else target - 60
        after = TARGETS[index + 1] if index + 1 < len(TARGETS) else target + 120
        # Baseline ends on day 0: a value after the infusion is no baseline.
        first = 1 if name == "Week 1" else (before + target) // 2 + 1
        last = 0 if name == "Baseline" else (target + after) // 2
        windows.append((name, target, first, last, 1 if abs(target) <= 14 else 2 if target <= 61 else 7))
    return windows
