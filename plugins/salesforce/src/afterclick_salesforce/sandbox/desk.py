"""What the endpoints share: whose call it is, what its body and headers say, and addresses."""

from __future__ import annotations

from typing import Any

import msgspec

from afterclick.sandbox import Answer, Call
from afterclick_salesforce.sandbox import problems
from afterclick_salesforce.sandbox.access import Sight, User
from afterclick_salesforce.sandbox.duplicates import DuplicateRules
from afterclick_salesforce.sandbox.org import LATEST, Org
from afterclick_salesforce.sandbox.problems import RowError
from afterclick_salesforce.sandbox.table import Table
from afterclick_salesforce.sandbox.writing import Manner, Writer


class Desk:
    """Where calls to one org's data come in."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.open()

    def open(self) -> None:
        """Follow the org, which has begun anew."""
        self.writer = Writer(self.org, DuplicateRules(self.org.options, self.org.tables, record_url))

    def sight(self, call: Call, name: str) -> Sight:
        """Return what the caller sees of an sObject.

        Raises:
            afterclick.sandbox.Refused: nothing.

        """
        found = self.org.sight(caller(call), name)
        if found is None:
            raise problems.refusal("NOT_FOUND", "The requested resource does not exist", 404)
        return found

    def table(self, sight: Sight) -> Table:
        """Return the records of what the caller sees."""
        return self.org.tables[sight.sobject.name]

    def manner(self, call: Call) -> Manner:
        """Return how a call wants to write."""
        duplicates = _pairs(call.headers.get("Sforce-Duplicate-Rule-Header", ""))
        return Manner(
            user=caller(call),
            auto_assign=call.headers.get("Sforce-Auto-Assign", "TRUE").strip().upper() != "FALSE",
            allow_save=duplicates.get("allowsave") == "true",
            details=duplicates.get("includerecorddetails") == "true",
        )


def caller(call: Call) -> User:
    """Return whose call it is."""
    user: User = call.notes["user"]
    return user


def body(call: Call) -> dict[str, Any]:
    """Return the JSON object that a call brings.

    Raises:
        afterclick.sandbox.Refused: it brings something else.

    """
    kind = call.headers.get("Content-Type", "")
    if not kind.startswith("application/json"):
        raise problems.refusal("UNSUPPORTED_MEDIA_TYPE", f"Content-Type {kind!r} is not supported", 415)
    try:
        return msgspec.json.decode(call.body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise problems.refusal("JSON_PARSER_ERROR", str(error)) from error


def refused(error: RowError) -> Answer:
    """Return the answer to a single write that failed."""
    return problems.answer(*error.problems)


def record_url(sobject: str, row_id: str, version: str = LATEST) -> str:
    """Return the address of a record below the org's own."""
    return f"/services/data/v{version}/sobjects/{sobject}/{row_id}"


def _pairs(text: str) -> dict[str, str]:
    """Return `allowSave=true; includeRecordDetails=true` as words; commas separate, too."""
    pairs = (part.partition("=") for part in text.replace(",", ";").split(";"))
    return {name.strip().lower(): value.strip().lower() for name, _, value in pairs}
