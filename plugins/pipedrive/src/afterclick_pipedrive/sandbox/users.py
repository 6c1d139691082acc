"""The users of the company, and `/v1/users`.

Source: the v1 specification; the domain of a company and a user's time zone come from `/users/me`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from afterclick.sandbox import Answer, Call, Clock
from afterclick_pipedrive.sandbox import bodies
from afterclick_pipedrive.sandbox.limits import Caller
from afterclick_pipedrive.sandbox.options import Options
from afterclick_pipedrive.sandbox.times import plain

FOUNDED = 1_735_689_600_000
"""When the company was made: 1 January 2025."""


class User(msgspec.Struct, frozen=True):
    """One user; `admin` may define fields."""

    id: int
    name: str
    email: str
    admin: bool = False


ADMIN = User(13_870_101, "Robin Vega", "robin.vega@example.com", admin=True)
SELLER = User(13_870_102, "Dana Okafor", "dana.okafor@example.com")
SERVICE = User(13_870_103, "Afterclick", "afterclick@example.com")
"""The user of the restricted token and of the app: not an admin."""
BY_ID = {user.id: user for user in (ADMIN, SELLER, SERVICE)}


def called(user_id: int) -> str:
    """Return a user's name."""
    user = BY_ID.get(user_id)
    return user.name if user else f"User {user_id}"


class Users:
    """`/v1/users` and below."""

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._clock = clock

    def me(self, call: Call) -> Answer:
        """Return the user of the token, with the company."""
        caller: Caller = call.notes["caller"]
        company = {
            "company_id": self._options.company_id,
            "company_name": self._options.company.capitalize(),
            "company_domain": self._options.company,
            "company_country": "EE",
            "company_industry": "Software",
            "language": {"language_code": "en", "country_code": "US"},
        }
        return _found({**self._as_object(BY_ID[caller.user_id], caller), **company})

    def list(self, call: Call) -> Answer:
        """Return all users."""
        return _found([self._as_object(user, call.notes["caller"]) for user in BY_ID.values()])

    def read(self, call: Call) -> Answer:
        """Return one user."""
        user = self._asked(call)
        return (
            bodies.not_found("User") if user is None else _found(self._as_object(user, call.notes["caller"]))
        )

    def permissions(self, call: Call) -> Answer:
        """Return what a user may do; only what matters here."""
        user = self._asked(call)
        if user is None:
            return bodies.not_found("User")
        names = ("can_add_custom_fields", "can_edit_custom_fields", "can_delete_custom_fields")
        rights = dict.fromkeys(names, user.admin)
        return _found({**rights, "can_merge_people": True, "can_merge_deals": True, "can_use_api": True})

    def _asked(self, call: Call) -> User | None:
        text = call.params["id"]
        return BY_ID.get(int(text)) if text.isdecimal() else None

    def _as_object(self, user: User, caller: Caller) -> dict[str, Any]:
        zone = ZoneInfo(self._options.time_zone)
        now = datetime.fromtimestamp(self._clock.now() / 1000, zone)
        apps = ("sales", "global", "account_settings")
        return {
            "id": user.id,
            "name": user.name,
            "default_currency": "USD",
            "locale": "en_US",
            "lang": 1,
            "email": user.email,
            "phone": None,
            "activated": True,
            "last_login": plain(self._clock.now()),
            "created": plain(FOUNDED),
            "modified": None,
            "has_created_company": user is ADMIN,
            "access": [
                {
                    "app": app,
                    "admin": user.admin,
                    "permission_set_id": f"62cc4d7f-4038-4352-abf3-{index:012x}",
                }
                for index, app in enumerate(apps)
            ],
            "active_flag": True,
            "timezone_name": self._options.time_zone,
            "timezone_offset": now.isoformat()[-6:],
            "role_id": 1,
            "icon_url": None,
            "is_you": user.id == caller.user_id,
            "is_deleted": False,
        }


def _found(data: Any) -> Answer:
    return Answer(200, {"success": True, "data": data})
