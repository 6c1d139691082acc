"""Bodies that no sender ought to send: text, numbers, times and shapes that break things elsewhere."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import strategies as st
from tests.support.deliveries import deliveries

from afterclick.model.event import FOLDED_TYPES, TYPES

NASTY = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff\ud800",
    "\ufeff",
    "\u202egnp.exe",
    "\u2028\x85\x1b[2J",
    "e\u0301" * 40,
    "\U0001d54f" * 600,
    "ß" * 1025,
    "c" * 64_000,
    "\x00" * 5_000,
    "' OR 1=1; DROP TABLE events; --",
    "{{7*7}}${jndi:ldap://x}<script>alert(1)</script>",
    '=HYPERLINK("http://x")',
    "../../etc/passwd",
    "%00%ff%2e%2e%2f",
    "a\r\nX-Injected: yes",
    "a:b|c\\d\"e'f`g",
    "null",
    "NaN",
    "-0",
    "1e309",
    "9" * 5_000,
    "٣٤٥",
    "http://[::1",
    "http://[fe80::1%25eth0]:99999/a/b",
    "https://user:pw@host:70000/pre/tok?utm_campaign=%F0%9F&utm_source=&=&;#frag",
    "//host/path",
    "/" * 3_000,
    "/ref/CODE-1/../../x?utm_campaign=" + "c" * 3_000,
    "javascript:alert(1)",
    "ann@example.com",
    "whsec_3f9c0d51b7a84e62",
)
TIMES: tuple[Any, ...] = (
    "2026-05-21T09:14:00.000Z",
    "2026-05-21T09:14:00Z",
    "2026-05-21t09:14:00z",
    "2026-05-21 09:14:00+02:00",
    "2026-05-21T09:14:00.123456789Z",
    "2026-05-21T09:14:00,5Z",
    "20260521T091400Z",
    "2026-W21-4T09:14:00Z",
    "2026-141T09:14:00Z",
    "2026-05-21T24:00:00Z",
    "2026-05-21T23:59:60Z",
    "2026-02-30T00:00:00Z",
    "2026-05-21",
    "2026-05-21T09:14:00",
    "Thu, 21 May 2026 09:14:00 GMT",
    "0000-00-00T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.999-23:59",
    "+12026-05-21T09:14:00Z",
    "1970-01-01T00:00:00Z",
    "1779354840",
    "1779354840000",
    " 1779354840 ",
    "²",
    "٣",
    "1" * 4_301,
    "-1",
    1779354840,
    1779354840000,
    1779354840.5,
    -1,
    0,
    2**63,
    -(2**63) - 1,
    10**400,
    1e308,
    -1e308,
    1e-320,
    float("inf"),
    float("nan"),
    True,
    None,
    [],
    {},
)
FIELDS = (
    "prefix",
    "token",
    "referral_code",
    "campaign",
    "utm_campaign",
    "source",
    "utm_source",
    "platform",
    "os",
    "device_type",
    "country",
    "hostname",
    "url",
    "referral_url",
    "route",
    "deep_link_path",
    "method",
    "milestone",
    "referrer_id",
    "referrer_token",
    "referred_user_id",
    "ip",
    "client_ip",
)

texts = st.sampled_from(NASTY) | st.text(max_size=20) | st.text(st.characters(), max_size=5)
numbers = (
    st.integers()
    | st.floats()
    | st.sampled_from((0, -0.0, 2**53 + 1, 2**64, -(2**64), 10**300, 10**4_000, 5e-324, 1.8e308))
)
scalars = st.none() | st.booleans() | numbers | texts
values = scalars | st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
times = st.sampled_from(TIMES) | values
usual = st.sampled_from(
    ("promo", "autumn", "CODE-1", "ios", "/ref/CODE-1", "https://go.example.com/promo/autumn")
)

events = st.fixed_dictionaries(
    {
        "event": st.sampled_from(sorted(FOLDED_TYPES)),
        "timestamp": st.just("2026-05-21T09:14:00.000Z") | times,
        "data": st.dictionaries(st.sampled_from(FIELDS), usual | usual | values, min_size=1, max_size=6),
    }
)
"""What is an event, with anything in its fields."""

shapes = st.fixed_dictionaries(
    {
        "event": st.sampled_from(TYPES) | texts | values,
        "timestamp": times,
        "data": st.dictionaries(st.sampled_from(FIELDS) | texts, values, max_size=4) | values,
    },
    optional={"id": values, "webhook_id": texts, "version": numbers},
)
"""What only looks like one."""


@st.composite
def _written(draw: st.DrawFn, of: st.SearchStrategy[Any]) -> bytes:
    """Draw a value and how it is written: escaped or not, dense or not, in a less usual encoding."""
    value = draw(of)
    dense = draw(st.booleans())
    text = json.dumps(value, ensure_ascii=draw(st.booleans()), separators=(",", ":") if dense else None)
    encoding = draw(
        st.sampled_from(("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32-le", "latin-1"))
    )
    return text.encode(encoding, "replace" if encoding == "latin-1" else "surrogatepass")


@st.composite
def _damaged(draw: st.DrawFn) -> bytes:
    """Draw a sample delivery with wounds."""
    body = bytearray(draw(st.sampled_from(deliveries())).body)
    dice = random.Random(draw(st.integers(0, 2**32)))
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(body))
        body[place : place + dice.randrange(3)] = dice.choice(
            (
                b"",
                b'"',
                b"\\",
                b"\\u0000",
                b"\\ud800",
                b"}",
                b"]",
                b",",
                b":",
                b"0",
                b"e9",
                b"\x00",
                b"\xff",
                b"[[[",
            )
        )
    return bytes(body)


ODD = (
    b"",
    b"\x00",
    b"null",
    b"[]",
    b'""',
    b"{}",
    b"{",
    b"{}{}",
    b"\xff\xfe{\x00}\x00",
    b"[" * 200_000,
    b'{"event":"install.tracked","data":' + b'{"a":' * 40_000 + b"1" + b"}" * 40_001,
    b'{"event":"install.tracked","data":{"token":' + b"[" * 900 + b"]" * 900 + b"}}",
    b'{"event":"install.tracked","data":{"token":1' + b"0" * 200_000 + b"}}",
    b'{"event":"install.tracked","data":{"token":1e' + b"9" * 100 + b"}}",
    b'{"event":"install.tracked","data":{"token":"a","token":"b","token":null}}',
    b'{"event":"install.tracked","event":"test","timestamp":1,"timestamp":2,"data":{},"data":null}',
    b'{"event":"install.tracked","data":{"campaign":"' + b"c" * 64_000 + b'","token":"t"}}',
    b'{"event":"install.tracked","data":{"campaign":"' + b"\\u0000" * 10_000 + b'","token":"t"}}',
    b'{"event":"' + b"install.tracked" * 10_000 + b'"}',
    b'{"event":"install.tracked","data":{' + b",".join(b'"k%d":1' % n for n in range(20_000)) + b"}}",
    b" " * 250_000 + b"{}",
    b"x" * 256 * 1024,
)

LIMIT = 256 * 1024


def _fits(body: bytes) -> bool:
    return len(body) <= LIMIT


written = _written(events).filter(_fits)
bodies = st.one_of(
    written,
    written,
    _written(shapes).filter(_fits),
    _damaged(),
    _written(values).filter(_fits) | st.binary(max_size=200) | st.sampled_from(ODD),
)
"""Any body within the limit."""
