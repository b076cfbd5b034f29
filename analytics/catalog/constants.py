"""Numbers that several layers must agree on."""

MONTH = 30.4375  # days
YEAR = 365.25  # days
OLDEST = 120  # years of age
SMALL = 10  # in a group of fewer, no interval or p value rests on an asymptotic distribution
BELOW, WITHIN, ABOVE, UNJUDGED = "below", "within", "above", ""  # a value against its limits of normal
