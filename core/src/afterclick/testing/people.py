"""The people of the kit: leads as the core would hand them to a plugin, each with keys of its own."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping
from typing import Any

import msgspec

from afterclick.model.fields import render
from afterclick.plugin import Context, FieldSpec, Kind, Lead, Rule, Scalar

KNOWN: Mapping[str, Scalar] = {
    "prefix": "promo",
    "campaign": "summer",
    "platform": "iOS",
    "install_date": "2026-05-20T09:14:00.000Z",
    "referral_date": "2026-05-19T18:30:00.000Z",
    "referral_source": "Maya",
    "lead_source": "Deep Link",
    "stage": "lead",
}
"""What is known of everybody."""

FREE = ("campaign", "referral_source", "prefix", "token", "platform", "company")
"""Attributes whose fields take any text, the usual ones first."""


class People:
    """Makes leads for one connection. `run` tells the people of one run from those of another."""

    def __init__(self, ctx: Context[Any], run: str) -> None:
        self._ctx = ctx
        self._run = run
        self._numbers = itertools.count(1)

    def somebody(self, *, named: bool = False, attributes: Mapping[str, Scalar] | None = None) -> Lead:
        """Return somebody new: a stub, or a person with name and address."""
        number = next(self._numbers)
        tag = f"{self._run}-{number}"
        known = {**KNOWN, "token": f"kit-{tag}", "short": _hash(tag)[:6]}
        if named:
            email = f"kit-{tag}@example.com"
            last = f"Lovelace {tag}"
            known |= {"email": email, "first_name": "Ada", "last_name": last, "name": f"Ada {last}"}
        known |= attributes or {}
        keys = (*([f"user:{_hash('user' + tag)}"] if named else ()), f"event:{_hash('event' + tag)}")
        emails = (str(known["email"]),) if "email" in known else ()
        lead = Lead(ref=f"lead-{number}", keys=keys, attributes=known, emails=emails, stub=not named)
        return self.with_values(lead, creating=True)

    def further_key(self, kind: str = "ref") -> str:
        """Return a key that nobody has yet."""
        return f"{kind}:{_hash(f'{kind}{self._run}-{next(self._numbers)}')}"

    def again(self, lead: Lead, attributes: Mapping[str, Scalar] | None = None, **changes: Any) -> Lead:
        """Return a lead as a later pass would show it, with further attributes or other parts."""
        known = {**lead.attributes, **(attributes or {})}
        return self.with_values(msgspec.structs.replace(lead, attributes=known, **changes))

    def with_values(self, lead: Lead, *, creating: bool = False) -> Lead:
        """Return the lead with what its record should hold, as the core works it out."""
        ctx = self._ctx
        values = render(
            ctx.fields,
            {**lead.attributes, "key": lead.keys[0]},
            zone=ctx.zone,
            creating=creating,
            stages=ctx.stages,
        )
        return msgspec.structs.replace(lead, values=values)

    def texts(self, kind: str = "") -> list[FieldSpec]:
        """Return the fields that take any text and that the core may change."""
        specs = {
            spec.attribute: spec
            for spec in self._ctx.fields
            if spec.kind is Kind.TEXT
            and spec.rule is Rule.MERGE
            and not spec.unique
            and (not spec.kinds or not kind or kind in spec.kinds)
        }
        return [specs[attribute] for attribute in FREE if attribute in specs]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
