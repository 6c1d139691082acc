"""The log as it is written: one line per thing, with nothing in it that must not be."""

from __future__ import annotations

import errno
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from afterclick.observe.events import Said
from afterclick.observe.log import configure, get_logger


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Put the process's logging back as it was."""
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_line_tells_what_where_and_when() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    get_logger("receiver", source="tolinku").info(Said.LISTENING, port=8080)

    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "listening",
        "level": "info",
        "component": "receiver",
        "source": "tolinku",
        "port": 8080,
    }


@pytest.mark.parametrize(
    ("format", "stream", "is_json"),
    [
        ("auto", io.StringIO(), True),
        ("auto", Terminal(), False),
        ("json", Terminal(), True),
        ("console", io.StringIO(), False),
    ],
)
def test_terminal_gets_a_readable_line(format: str, stream: io.StringIO, is_json: bool) -> None:
    configure("info", format, stream)
    get_logger("x").info(Said.STARTED)

    assert stream.getvalue().startswith("{") is is_json
    assert "service-started" in stream.getvalue()


def test_colours_are_for_terminals_only() -> None:
    file, terminal = io.StringIO(), Terminal()
    for stream in (file, terminal):
        configure("info", "console", stream)
        get_logger("x").info(Said.STARTED)

    assert "\x1b" not in file.getvalue()
    assert "\x1b" in terminal.getvalue()


@pytest.mark.parametrize(("level", "told"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_level_is_the_least_that_is_told(level: str, told: int) -> None:
    stream = io.StringIO()
    configure(level, "json", stream)
    log = get_logger("x")
    log.debug("a")
    log.info("b")
    log.warning("c")
    log.error("d")

    assert len(lines(stream)) == told


def test_logger_made_before_the_setup_follows_it() -> None:
    log = get_logger("x")
    stream = io.StringIO()
    configure("info", "json", stream)
    log.info("a")

    assert len(lines(stream)) == 1


@pytest.mark.parametrize("format", ["json", "console"])
def test_line_holds_no_secret_and_nobody(format: str) -> None:
    stream = io.StringIO()
    configure("info", format, stream)
    get_logger("x").warning(
        "for ann@example.com",
        access_token="t0p-5151",
        note="from 203.0.113.9",
        deep={"email": "ann@example.com"},
    )

    assert all(part not in stream.getvalue() for part in ("ann@", "5151", "203.0"))


@pytest.mark.parametrize("format", ["json", "console"])
def test_traceback_shows_no_local_variables(format: str) -> None:
    stream = io.StringIO()
    configure("info", format, stream)
    try:
        hidden = "local-" + "5151"
        raise ValueError(f"bad value of {len(hidden)} letters from 203.0.113.9")
    except ValueError:
        get_logger("x").exception("failed")

    assert "ValueError: bad value of 10 letters from ***" in stream.getvalue()
    assert "local-5151" not in stream.getvalue()
    assert len(stream.getvalue().splitlines()) > 1 or format == "json"


def test_exception_can_be_handed_over() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    get_logger("x").error("failed", exc_info=ValueError("this one"))

    assert "ValueError: this one" in lines(stream)[0]["exception"]


def test_libraries_speak_through_the_same_log() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    logging.getLogger("some.library").warning("lost %s", "203.0.113.9")
    logging.getLogger("some.library").info("chatter")

    (line,) = lines(stream)
    assert (line["event"], line["component"], line["message"]) == ("library", "some.library", "lost ***")


def test_library_with_a_wrong_format_breaks_nothing() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    record = logging.LogRecord("some.library", logging.WARNING, "", 1, "%d", ("three",), None)
    logging.getLogger().handlers[-1].handle(record)

    assert lines(stream)[0]["message"] == "%d"


def test_setting_up_twice_tells_once() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    configure("info", "json", stream)
    logging.getLogger("some.library").warning("once")

    assert len(lines(stream)) == 1


class Full(io.StringIO):
    """A file on a full disk."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(("stream", "close"), [(Full(), False), (io.StringIO(), True)])
def test_line_that_cannot_be_written_is_lost_and_nothing_else(stream: io.StringIO, close: bool) -> None:
    configure("info", "json", stream)
    if close:
        stream.close()
    get_logger("x").info("a")
    logging.getLogger("some.library").warning("b")


def test_context_of_a_task_stands_on_its_lines() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    with structlog.contextvars.bound_contextvars(lane="fold"):
        get_logger("x").info("a")

    assert lines(stream)[0]["lane"] == "fold"


def test_names_of_lines_are_words_with_hyphens() -> None:
    assert [
        said for said in Said if not said.value.replace("-", "").isalpha() or said.value != said.lower()
    ] == []
