"""What can be wrong with a report."""


class BadReport(ValueError):
    """A report that cannot be made, in words."""


class NoRecipe(ValueError):
    """A file that holds no recipe of a report."""
