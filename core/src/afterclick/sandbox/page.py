"""The pages for people: the table of records and one record. Every value is escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from html import escape
from typing import Any
from urllib.parse import quote

from afterclick.clock import from_iso, to_iso
from afterclick.sandbox.style import CSS
from afterclick.sandbox.views import Card, Field, RecordView, Step

REFRESH_SECONDS = 5
MAX_ROWS = 200
"""How many records the table shows."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def table(
    title: str,
    columns: Sequence[tuple[str, str]],
    records: Sequence[Mapping[str, Any]],
    calls: int,
    *,
    path: str,
    now: int,
    refresh: bool = True,
) -> str:
    """Return the page that lists `records` (see `Emulator.records`) with the properties of `columns`.

    `path` is where a record's page lies, with `{id}`; `now` is milliseconds since 1970.
    """
    headings = ["Name", "Stage", *(heading for _, heading in columns), "Last change"]
    heads = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    rows = "".join(_row(columns, record, path, now) for record in records)
    body = (
        f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
        if records
        else '<div class="scroll"><div class="empty">No records yet. They appear here as they are made.'
        "</div></div>"
    )
    shown = "1 record" if len(records) == 1 else f"{len(records)} records, those changed last first"
    if len(records) >= MAX_ROWS:
        shown = f"The {MAX_ROWS} records changed last"
    toggle = '<a href="?refresh=off">stop</a>' if refresh else '<a href="/">start</a>'
    state = f"Refreshes every {REFRESH_SECONDS} seconds" if refresh else "Does not refresh"
    foot = (
        f"{state} ({toggle}). {calls} API calls so far. "
        '<a href="/_sandbox/records">Records</a> and <a href="/_sandbox/calls">calls</a> as JSON.'
    )
    head = f'<h1>{escape(title)} records</h1><p class="sub">{shown}</p>'
    return _page(title, f"{title} sandbox", head + body, foot, refresh=refresh)


def record(title: str, view: RecordView) -> str:
    """Return the page of one record: its properties, where each came from, and its history."""
    badges = _pill(view.badge) + (_pill("archived") if view.archived else "")
    head = (
        f'<p><a href="/">← All records</a></p><div class="person">{_face(view.title)}'
        f'<div><h1>{escape(view.title)} {badges}</h1><p class="sub">{escape(view.subtitle)}</p></div></div>'
    )
    plain = "".join(_card(card) for card in view.cards if not card.accent)
    accent = "".join(_card(card) for card in view.cards if card.accent)
    body = f'{head}<div class="columns"><div>{plain}</div><div>{accent}{_history(view.history)}</div></div>'
    foot = f"{escape(view.kind)} <code>{escape(view.id)}</code>"
    return _page(title, view.title, body, foot)


def missing(title: str) -> str:
    """Return the page for a record that is not there."""
    body = '<div class="empty"><h1>No such record</h1><p><a href="/">← All records</a></p></div>'
    return _page(title, "No such record", body, "It may have been erased, or the sandbox was reset.")


def _page(crm: str, title: str, body: str, foot: str, *, refresh: bool = False) -> str:
    meta = f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">' if refresh else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{meta}'
        f"<title>{escape(title)}</title><style>{CSS}</style></head><body>"
        f'<header><div><strong><a href="/">{escape(crm)}</a></strong><span class="pill">sandbox</span>'
        f'<span class="note">An emulator: nothing here reaches {escape(crm)}</span></div></header>'
        f"<main>{body}</main><footer>{foot}</footer></body></html>"
    )


def _row(columns: Sequence[tuple[str, str]], record: Mapping[str, Any], path: str, now: int) -> str:
    properties, changed = record["properties"], record["updated_at"]
    cells = "".join(f"<td>{_value(properties.get(name))}</td>" for name, _ in columns)
    # A path, not the record's URL: the page may be seen through another host or port.
    href = escape(path.format(id=quote(record["id"], safe="")))
    return (
        f'<tr><td><div class="who">{_face(record["title"])}<div>'
        f'<a href="{href}">{escape(record["title"])}</a>'
        f"<div>{escape(record['subtitle'])}</div></div></div></td><td>{_pill(record['badge'])}</td>{cells}"
        f'<td class="time" title="{to_iso(changed)}">{_ago(now - changed)}<br>'
        f"made by {escape(record['origin'])}</td></tr>"
    )


def _face(name: str) -> str:
    words = [word for word in name.split() if word[0].isalnum()]
    letters = "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words))
    return f'<div class="face" aria-hidden="true">{escape(letters.upper() or "?")}</div>'


def _card(card: Card) -> str:
    fields = "".join(_field(field) for field in card.fields)
    css = "card accent" if card.accent else "card"
    return f'<section class="{css}"><h2>{escape(card.title)}</h2><dl>{fields}</dl></section>'


def _field(field: Field) -> str:
    source = f'<span class="dim">{escape(field.origin)}, {_moment(field.at)}</span>' if field.at else ""
    return (
        f"<div><dt>{escape(field.label)}<code>{escape(field.name)}</code></dt>"
        f"<dd>{_value(field.value)}{source}</dd></div>"
    )


def _history(steps: Sequence[Step]) -> str:
    if not steps:
        return ""
    items = "".join(
        f'<li><span class="dim">{_moment(step.at)}, {escape(step.origin)}</span>'
        f"<br>{_readable(step.text)}</li>"
        for step in steps
    )
    return f'<section class="card"><h2>History</h2><ol class="history">{items}</ol></section>'


def _pill(text: str) -> str:
    return f'<span class="pill">{escape(text)}</span>' if text else ""


def _value(value: object) -> str:
    if value is None or value == "":
        return '<span class="dim">–</span>'
    return _readable(str(value))


def _readable(text: str) -> str:
    """Return `text` escaped, with its moments as people write them."""
    return escape(_MOMENT.sub(_found_moment, text))


def _found_moment(found: re.Match[str]) -> str:
    with suppress(ValueError):
        return _moment(from_iso(found[0]))
    return found[0]


def _moment(milliseconds: int) -> str:
    """Return `21 May 2026, 09:14 UTC`, the same in every locale."""
    year, month, day = to_iso(milliseconds)[:10].split("-")
    return f"{int(day)} {_MONTHS[int(month) - 1]} {year}, {to_iso(milliseconds)[11:16]} UTC"


def _ago(milliseconds: int) -> str:
    seconds = max(0, milliseconds // 1000)
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
