"""``python -m tests.validation``: how far every number agrees with R, and what the rest is checked against."""

from tests.validation.document import write_document

print(write_document(), end="")  # noqa: T201  # the document is the output
