"""Whoever has no secret stores nothing, whatever stands in the header."""

from __future__ import annotations

import base64
import hashlib

from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz.requests import fresh_body, pieces
from tests.fuzz.world import World
from tests.support.wire import PATH, signature

HEADER = b"X-Webhook-Signature: "
FOREIGN = "whsec_a_secret_of_somebody_else"


@st.composite
def forgeries(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """Draw a body, and the values of its signature header, none of which will do."""
    body = fresh_body()
    right = signature(body)
    place = draw(st.integers(0, 63))
    wrong = st.sampled_from(
        (
            "",
            right[:-1],
            right + "0",
            right[:place] + ("1" if right[place] == "0" else "0") + right[place + 1 :],
            right[:place] + " " + right[place:],
            right[:place] + "g" + right[place + 1 :],
            right[:place] + "\u0663" + right[place + 1 :],
            right[::-1],
            "sha1=" + right,
            "sha256:" + right,
            "sha256=sha256=" + right,
            '"' + right + '"',
            right + ", " + right,
            "t=1779354840,v1=" + right,
            "v1," + base64.b64encode(bytes.fromhex(right)).decode(),
            base64.b64encode(bytes.fromhex(right)).decode(),
            hashlib.sha256(body).hexdigest(),
            signature(body, ""),
            signature(body, FOREIGN),
            signature(body + b" "),
            signature(body[:-1]),
            signature(b""),
            right * 100,
            right * 200,
        )
    ).map(str.encode)
    odd = st.binary(max_size=80).map(lambda data: data.translate(None, b"\r\n"))
    alone = st.lists(wrong | odd, max_size=3)
    # A second header makes even a right one worthless: who can say which one was meant?
    doubled = st.tuples(st.just(right.encode()), st.just(right.encode()) | wrong).map(list)
    return body, draw(alone | doubled | doubled.map(lambda values: values[::-1]))


@given(forgeries(), st.data())
def test_unsigned_body_is_never_stored(
    service: World, forged: tuple[bytes, list[bytes]], data: st.DataObject
) -> None:
    body, values = forged
    head = b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n" % (PATH.encode(), len(body))
    headers = b"".join(HEADER + value + b"\r\n" for value in values)
    sent = data.draw(pieces(head + headers + b"\r\n" + body), label="pieces")

    async def example() -> None:
        # Not HTTP, or not signed; who is still sending when the port has heard enough may miss the answer.
        assert set(await service.throw(sent)) <= {400, 401}
        assert await service.stored() == []

    service.run(example())
