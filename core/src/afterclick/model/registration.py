"""A registration: what the user's own backend reports of somebody who signed up.

It is our own API, so the form is strict; `afterclick.receiver.strict` holds bodies to it. What was
stored is read tolerantly: a rule that is stricter tomorrow must not make old registrations unreadable.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from afterclick.model.decode import Decoded, decode_leniently, parse_time, read_facts
from afterclick.model.event import REGISTRATION, Facts
from afterclick.model.further import properties_of
from afterclick.model.identity import IdentityKind, normalise
from afterclick.model.text import MAX_TEXT, clean

MOST_PROPERTIES = 32

# Patterns that Python and JavaScript read alike: no `$`, which Python matches before a last line break.
_NO_CONTROL = r"^(?![\s\S]*[\u0000-\u001f\u007f-\u009f])(?=[\s\S]*\S)"
_EXACT = r"^(?!\s|[\s\S]*(?:[\u0000-\u001f\u007f-\u009f]|\s(?![\s\S])))"
_EMAIL = (
    r"^\s*[^\s@<>()\[\]\\,;:\u0022\u0000-\u001f\u007f-\u009f]{1,64}"
    r"@(?:[^\s@.<>()\[\]\\,;:\u0022\u0000-\u001f\u007f-\u009f]{1,63}\.)+"
    r"[^\s@.<>()\[\]\\,;:\u0022\u0000-\u001f\u007f-\u009f]{2,63}\s*(?![\s\S])"
)


def _text(longest: int, pattern: str, form: str) -> Meta:
    return Meta(min_length=1, max_length=longest, pattern=pattern, extra={"form": form})


def _line(longest: int) -> Meta:
    return _text(longest, _NO_CONTROL, f"text of 1 to {longest} characters, in one line")


def _name(longest: int) -> Meta:
    return _text(longest, _EXACT, f"text of 1 to {longest} characters, without blanks around it")


UserId = Annotated[str, _name(255)]
Email = Annotated[str, _text(254, _EMAIL, "an e-mail address of at most 254 characters")]
Line = Annotated[str, _line(200)]
Phone = Annotated[str, _line(50)]
Token = Annotated[str, _name(MAX_TEXT)]
Path = Annotated[str, _line(2048)]
Campaign = Annotated[str, _line(MAX_TEXT)]
TIME_FORM = "a time with its zone, such as 2026-05-21T09:14:00Z"
Time = Annotated[str, _text(40, _EXACT, TIME_FORM)]
Platform = Annotated[
    Literal["ios", "android", "desktop", "web"], Meta(extra={"form": "ios, android, desktop or web"})
]
PropertyName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(?![\s\S])",
        extra={"form": "named by 1 to 64 letters, digits, dots, `-` and `_`"},
    ),
]
PropertyText = Annotated[str, Meta(max_length=500)]
PropertyValue = Annotated[
    PropertyText | int | float | bool | None,
    Meta(extra={"form": "a number, true, false, or text of at most 500 characters"}),
]
Properties = Annotated[
    dict[PropertyName, PropertyValue],
    Meta(max_length=MOST_PROPERTIES, extra={"form": f"an object of at most {MOST_PROPERTIES} properties"}),
]


class Registration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody signed up in your app. One of `user_id` and `email` is needed; `null` counts as absent."""

    user_id: Annotated[
        UserId | None,
        Meta(
            description="Your own id of the user, exactly as you give it to Tolinku as `referred_user_id`. "
            "Compared letter by letter."
        ),
    ] = None
    email: Annotated[
        Email | None,
        Meta(description="The user's e-mail address. Case and blanks around it do not matter."),
    ] = None
    first_name: Line | None = None
    last_name: Line | None = None
    phone: Phone | None = None
    company: Line | None = None
    registered_at: Annotated[
        Time | None,
        Meta(
            description="When the user signed up: ISO 8601 with a zone, at most 31 days back and 10 minutes "
            "ahead. Default: the time of receipt."
        ),
    ] = None
    referral_code: Annotated[
        Token | None,
        Meta(description="The referral code that the SDK's claim returned, or that the user typed in."),
    ] = None
    token: Annotated[
        Token | None, Meta(description="The token of the link, if your app knows it by itself.")
    ] = None
    prefix: Annotated[
        Token | None, Meta(description="The prefix of the link's route, with or without slashes.")
    ] = None
    deep_link_path: Annotated[
        Path | None,
        Meta(
            description="The `deep_link_path` that the SDK's claim returned, such as `/promo/may-sale`; "
            "prefix and token are read out of it."
        ),
    ] = None
    platform: Annotated[
        Platform | None,
        Meta(
            description="Where the app runs in which the user signed up. It rules out installs of another "
            "platform, so leave it out if you are not sure."
        ),
    ] = None
    campaign: Annotated[
        Campaign | None,
        Meta(
            description="The UTM campaign, if your app knows it. It rules out installs of another campaign."
        ),
    ] = None
    properties: Annotated[
        Properties | None,
        Meta(
            description="Anything else of the user that a CRM's field should show, mapped there as "
            "`properties.<name>`."
        ),
    ] = None


def registration_key(space: str, source: str, id: str) -> tuple[int, bytes]:
    """Return (bucket, hash16) of a registration: equal for equal `webhook-id`s of one source.

    The bucket is 0: an id has no day. The rule is frozen like that of `dedupe_key`, from which it
    differs by the word in the middle, so that no body can be taken for an id.
    """
    text = f"{space}\x00{source}\x00webhook-id\x00{id}"
    return 0, hashlib.sha256(text.encode()).digest()[:16]


def decode_registration(body: bytes) -> Decoded:
    """Read a stored registration. Never raises: what cannot be read has a `problem`."""
    data = decode_leniently(body)
    if isinstance(data, str):
        return Decoded(type=REGISTRATION, problem=data)
    link = read_facts(REGISTRATION, data)
    email = clean(data.get("email"))
    facts = Facts(
        prefix=link.prefix,
        token=link.token,
        code=link.code,
        campaign=link.campaign,
        source=link.source,
        platform=link.platform,
        host=link.host,
        user=clean(data.get("user_id")),
        email=None if email is None else normalise(IdentityKind.EMAIL, email),
        first_name=clean(data.get("first_name")),
        last_name=clean(data.get("last_name")),
        phone=clean(data.get("phone")),
        company=clean(data.get("company")),
        further=properties_of(data.get("properties")),
    )
    return Decoded(type=REGISTRATION, timestamp=parse_time(data.get("registered_at")), facts=facts)
