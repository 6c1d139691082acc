"""Who somebody is: identities, and the keys made from them that end up in other people's CRMs.

The form of a key is frozen by test vectors: a change would lose every record made before it.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable

import msgspec

from afterclick.model.event import COMPLETED, CREATED, REGISTRATION, Event


class IdentityKind(enum.StrEnum):
    """What can name one lead exactly, strongest first."""

    USER = "user"
    EMAIL = "email"
    REF = "ref"
    LINK = "link"
    EVENT = "event"


LAST = "last"
"""What `last_through` has for a kind."""

_SOMEBODY = frozenset({IdentityKind.USER.value, IdentityKind.EMAIL.value})
_STRENGTH = {kind.value: rank for rank, kind in enumerate(IdentityKind)}


class Identity(msgspec.Struct, frozen=True, order=True):
    """A name that points to one lead: (space, kind, normalised value)."""

    space: str
    kind: str
    value: str


def normalise(kind: IdentityKind, value: str) -> str:
    """Return the one spelling of a value: e-mail addresses ignore case, nothing else does."""
    value = value.strip()
    return value.lower() if kind is IdentityKind.EMAIL else value


def identity(space: str, kind: IdentityKind, value: str) -> Identity:
    """Make an identity of a raw value."""
    return Identity(space, kind.value, normalise(kind, value))


def link_value(prefix: str | None, token: str) -> str:
    """Return how a link is spelled as an identity."""
    return f"{prefix or ''}/{token}"


def key(of: Identity, pepper: str = "") -> str:
    """Return `<kind>:<32 hex digits>`: fixed length, lower-case ASCII, pseudonymous.

    The hash runs over space, kind, value and pepper, each ended by a unit separator.
    """
    text = f"{of.space}\x1f{of.kind}\x1f{of.value}\x1f{pepper}\x1f"
    return f"{of.kind}:{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:32]}"


def strongest_first(keys: Iterable[str]) -> tuple[str, ...]:
    """Sort keys as a plugin gets them: a record is created under the first."""
    return tuple(sorted(set(keys), key=lambda text: (_STRENGTH[text.partition(":")[0]], text)))


def exact_identities(event: Event, personal_prefixes: frozenset[str]) -> tuple[Identity, ...]:
    """Return the identities that an event states, strongest first.

    A referral code is one only of the friend who signed up or completed: many may tap it. A link
    token is one only where its prefix was declared to be made for one person each.
    """
    facts, space = event.facts, event.space
    found: list[Identity] = []
    user = facts.user if event.type == REGISTRATION else facts.referred_user
    if user is not None and event.type in (REGISTRATION, COMPLETED):
        found.append(identity(space, IdentityKind.USER, user))
    if facts.email is not None:
        found.append(identity(space, IdentityKind.EMAIL, facts.email))
    if facts.code is not None and event.type in (CREATED, COMPLETED):
        found.append(friend_of(space, facts.code))
    if facts.token is not None and facts.prefix in personal_prefixes:
        found.append(identity(space, IdentityKind.LINK, link_value(facts.prefix, facts.token)))
    return tuple(found)


def names_somebody(names: Iterable[Identity]) -> bool:
    """Tell whether a user id or an e-mail address is among the identities."""
    return any(name.kind in _SOMEBODY for name in names)


def friend_of(space: str, code: str) -> Identity:
    """Return the identity of the one friend whom a code brought."""
    return identity(space, IdentityKind.REF, code)


def last_through(space: str, code: str) -> Identity:
    """Return the name under which whoever registered last through a code is found again.

    It is no identity, since it passes on, and so it is never a key.
    """
    return Identity(space, LAST, normalise(IdentityKind.REF, code))


def founding_identity(event: Event) -> Identity:
    """Return the identity of a journey: its founding event, by dedupe key and never by row id."""
    return Identity(event.space, IdentityKind.EVENT.value, event.name)
