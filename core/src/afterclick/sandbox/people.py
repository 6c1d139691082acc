"""A person as somebody of the sales team types it in."""

from __future__ import annotations

import msgspec


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is typed in, by the names that lead attributes have; the emulator knows the CRM's own."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    company: str = ""

    def by_name(self) -> dict[str, str]:
        """Return what is filled in."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value}
