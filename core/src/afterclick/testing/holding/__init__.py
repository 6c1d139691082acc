"""The rules, by what they are about; importing this package makes them known, in this order."""

from afterclick.testing.holding import (  # isort: skip
    describing,
    matching,
    writing,
    answering,
    stopping,
    absorbing,
    texts,
    keeping,
)

__all__ = [
    "absorbing",
    "answering",
    "describing",
    "keeping",
    "matching",
    "stopping",
    "texts",
    "writing",
]
