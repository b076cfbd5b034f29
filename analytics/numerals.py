"""Numbers as people read them."""

from math import isinf, isnan


def describe_number(value: float | None, decimals: int, sign: bool = False) -> str:
    """A number with a true minus sign; a missing one as a dash."""
    if value is None or isnan(value):
        return "–"
    text = f"{value:+.{decimals}f}" if sign else f"{value:.{decimals}f}"
    if isinf(value):
        return "∞"
    zero = f"{0:.{decimals}f}"
    return zero if text in (f"+{zero}", f"-{zero}") else text.replace("-", "−")
