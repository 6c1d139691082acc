"""How a rule ends that is not kept, or asks for what the contract leaves open."""

from __future__ import annotations


class Broken(Exception):  # noqa: N818 - what the kit says of a plugin: it broke the rule
    """A plugin does not keep a rule; the text says what was seen."""


class DoesNotApply(Exception):  # noqa: N818 - a fact about the plugin
    """A rule asks for something that the contract leaves open; the text says what."""


def require(condition: object, seen: str) -> None:
    """Hold the plugin to something.

    Raises:
        Broken: it is not so; `seen` says what was seen instead.

    """
    if not condition:
        raise Broken(seen)
