"""The rules, by what they are about; importing this package makes them known, in this order."""

from afterclick.testing.holding import (  # isort: skip
    describing,
    matching,
    writing,
    answering,
    stopping,
    absorbing,
    adopting,
    texts,
    keeping,
)
from afterclick.testing.rules import RULES

__all__ = [
    "RULES",
    "absorbing",
    "adopting",
    "answering",
    "describing",
    "keeping",
    "matching",
    "stopping",
    "texts",
    "writing",
]
