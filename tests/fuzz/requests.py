"""Requests as bytes: odd but right ones, and ones that are wrong in every way."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from hypothesis import strategies as st
from tests.support.wire import PATH, payload, signature

_serial = itertools.count()

NAMES = (
    "Content-Type",
    "X-Webhook-Event",
    "User-Agent",
    "Accept",
    "Content-Encoding",
    "X-Forwarded-For",
    "TE",
    "Cookie",
)
VALUES = (
    b"",
    b"x",
    b"gzip",
    b"application/json; charset=utf-16",
    b"\xff\xfe",
    b"a" * 2_000,
    b"\t a \t b",
    b"\xe2\x80\xae",
)
TARGETS = (PATH, PATH + "/", PATH + "?a=b&a=%00", "/webhooks/%74olinku", "http://elsewhere.example" + PATH)


class Thrown(NamedTuple):
    """Bytes in the pieces in which they are sent, and the bodies that were well signed in them."""

    pieces: Sequence[bytes]
    signed: Sequence[bytes]

    def __repr__(self) -> str:
        whole = b"".join(self.pieces)
        return f"<{len(whole)} bytes in {len(self.pieces)} pieces: {whole[:2_000]!r}>"


def fresh_body(pad: int = 0) -> bytes:
    """Return a body that was never sent before, of the same length as all of its kind."""
    return payload("link.clicked", token=f"n{next(_serial):08}", pad="x" * pad)


@st.composite
def pieces(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """Draw how bytes are cut up."""
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(data) - 1)), max_size=4)))
    return [data[start:end] for start, end in itertools.pairwise([0, *cuts, len(data)]) if start < end]


@st.composite
def chunked(draw: st.DrawFn, body: bytes) -> bytes:
    """Draw a body in chunks, with what else the rule allows beside them."""
    written = b""
    for piece in draw(pieces(body)):
        size = draw(st.sampled_from((b"%x", b"%X", b"000%x", b'%x;name="value"', b"%x;flag")))
        written += size % len(piece) + b"\r\n" + piece + b"\r\n"
    return written + b"0\r\n" + draw(st.sampled_from((b"", b"X-Trailer: yes\r\n"))) + b"\r\n"


@st.composite
def right(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Draw a request that must be taken, and its body."""
    body = fresh_body(draw(st.sampled_from((0, 0, 100, 70_000))))
    form = draw(st.sampled_from(("{}", "sha256={}", " {}\t", "SHA256={}")))
    headers = [(b"hOST", b"anything"), (b"x-webhook-SIGNATURE", form.format(signature(body)).encode())]
    more = st.tuples(st.sampled_from(NAMES).map(str.encode), st.sampled_from(VALUES))
    headers += draw(st.lists(more, max_size=20, unique_by=lambda pair: pair[0]))
    if draw(st.booleans()):
        headers.append((b"Transfer-Encoding", b"chunked"))
        sent = draw(chunked(body))
    else:
        headers.append((b"Content-Length", str(len(body)).encode()))
        sent = body
    headers = draw(st.permutations(headers))
    lines = b"".join(b"%b: %b\r\n" % pair for pair in headers)
    return b"POST %b HTTP/1.1\r\n%b\r\n%b" % (draw(st.sampled_from(TARGETS)).encode(), lines, sent), body


@st.composite
def right_ones(draw: st.DrawFn) -> Thrown:
    """Draw some requests in a row, cut up anyhow."""
    drawn = draw(st.lists(right(), min_size=1, max_size=3))
    data = b"".join(request for request, _ in drawn)
    return Thrown(draw(pieces(data)), [body for _, body in drawn])


# What goes wrong

Lines = list[bytes]
"""The request line and the header lines, without their ends."""


def _insert(*lines: bytes) -> Callable[[Lines, random.Random], None]:
    def insert(head: Lines, dice: random.Random) -> None:
        head[dice.randint(1, len(head)) :] = [dice.choice(lines), *head[dice.randint(1, len(head)) :]]

    return insert


def _replace(name: bytes, *values: bytes) -> Callable[[Lines, random.Random], None]:
    def replace(head: Lines, dice: random.Random) -> None:
        kept = [line for line in head if not line.lower().startswith(name.lower() + b":")]
        head[:] = kept + [
            name + b": " + value for value in dice.choice([(), *((one,) for one in values), values])
        ]

    return replace


def _line(*lines: bytes) -> Callable[[Lines, random.Random], None]:
    def change(head: Lines, dice: random.Random) -> None:
        head[0] = dice.choice(lines)

    return change


def _flood(head: Lines, dice: random.Random) -> None:
    head += [b"X-%d: y" % number for number in range(dice.choice((63, 64, 65, 500, 5_000)))]


def _garble(head: Lines, dice: random.Random) -> None:
    place = dice.randrange(len(head))
    line = bytearray(head[place])
    at = dice.randrange(len(line) + 1)
    line[at : at + dice.randrange(3)] = dice.choice(
        (b"\x00", b"\n", b"\r", b" ", b"\xff", b":", b"\t", b"", b"\x7f")
    )
    head[place] = bytes(line)


def _repeat(head: Lines, dice: random.Random) -> None:
    head.insert(dice.randint(1, len(head)), dice.choice(head))


def _drop(head: Lines, dice: random.Random) -> None:
    head.pop(dice.randrange(len(head)))


DAMAGE: tuple[Callable[[Lines, random.Random], None], ...] = (
    _line(
        b"GET %b HTTP/1.1" % PATH.encode(),
        b"HEAD / HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"CONNECT a:1 HTTP/1.1",
        b"CONNECT / HTTP/1.1",
        b"TRACE %b HTTP/1.1" % PATH.encode(),
        b"PRI * HTTP/2.0",
        b"post %b HTTP/1.1" % PATH.encode(),
        b"POST",
        b"POST  HTTP/1.1",
        b"POST %b" % PATH.encode(),
        b"POST %b HTTP/0.9" % PATH.encode(),
        b"POST %b HTTP/1.0" % PATH.encode(),
        b"POST %b HTTP/1.10" % PATH.encode(),
        b"POST %b HTTP/9.9" % PATH.encode(),
        b"POST %b http/1.1" % PATH.encode(),
        b"POST %b SPDY/1" % PATH.encode(),
        b"POST %b HTTP/1.1 and more" % PATH.encode(),
        b"POST http://[::1 HTTP/1.1",
        b"POST http://user:pw@x:99999%b HTTP/1.1" % PATH.encode(),
        b"POST //webhooks//tolinku HTTP/1.1",
        b"POST /webhooks/../webhooks/tolinku HTTP/1.1",
        b"POST /webhooks/%ff%00%2f HTTP/1.1",
        b"POST /webhooks/\xff\xfe HTTP/1.1",
        b"POST /webhooks/tolinku#fragment?x HTTP/1.1",
        b"POST /" + b"x" * 5_000 + b" HTTP/1.1",
        b"POST /webhooks/tolinku?" + b"%" * 4_000 + b" HTTP/1.1",
    ),
    _replace(
        b"Content-Length", b"0", b"1", b"-1", b"+5", b"0x10", b"5, 5", b"5 5", b"", b"9" * 30, b"1e3", b"\xb2"
    ),
    _replace(
        b"Transfer-Encoding",
        b"chunked",
        b"Chunked ",
        b"gzip, chunked",
        b"chunked, chunked",
        b"identity",
        b"\x0bchunked",
    ),
    _replace(b"Host", b"", b"a b", b"\xff", b"[::1", b"a" * 5_000),
    _replace(b"X-Webhook-Signature", b"", b"\xff" * 64, b"0" * 64, b"0" * 8_000, b"0" * 9_000),
    _replace(b"Connection", b"close", b"upgrade", b"keep-alive, close", b"\xff"),
    _insert(b"Upgrade: websocket", b"Upgrade: h2c", b"Upgrade: \xff", b"Sec-WebSocket-Key1: x"),
    _insert(b"Expect: 100-continue", b"Expect: 200-maybe", b"Expect: \xff"),
    _insert(b"Content-Encoding: gzip", b"Content-Encoding: br, gzip", b"Content-Encoding: \xff"),
    _insert(b" folded", b"\tfolded", b": no name", b"No colon", b"Name : spaced", b"\x00", b""),
    _insert(b"X: " + b"x" * 9_000, b"X" * 9_000 + b": x", b"Cookie: " + b"a=b;" * 2_500),
    _flood,
    _garble,
    _garble,
    _repeat,
    _drop,
)


@st.composite
def wrong(draw: st.DrawFn) -> Thrown:
    """Draw a request with wounds, after a right one perhaps, and with something behind it perhaps."""
    body = fresh_body(draw(st.sampled_from((0, 100))))
    framing = draw(st.booleans())
    sent = draw(chunked(body)) if framing else body
    head = [
        b"POST %b HTTP/1.1" % PATH.encode(),
        b"Host: localhost",
        b"X-Webhook-Signature: " + signature(body).encode(),
        b"Transfer-Encoding: chunked" if framing else b"Content-Length: %d" % len(body),
    ]
    dice = random.Random(draw(st.integers(0, 2**32)))
    for damage in draw(st.lists(st.sampled_from(DAMAGE), max_size=3)):
        damage(head, dice)
        if not head:
            break
    data = draw(st.sampled_from((b"\r\n", b"\r\n", b"\r\n", b"\n"))).join([*head, b"", b""]) + sent
    data = draw(
        st.sampled_from((data, data, data[: dice.randint(0, len(data))], data + b"more", data + b"\x00" * 99))
    )
    signed = [body]
    before, after = draw(st.booleans()), draw(st.booleans())
    for wanted, behind in ((before, False), (after, True)):
        if wanted:
            request, another = draw(right())
            data = data + request if behind else request + data
            signed.append(another)
    return Thrown(draw(pieces(data)), signed)
