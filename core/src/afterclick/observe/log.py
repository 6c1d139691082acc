"""The log: one line per thing that happened, JSON for machines, readable on a terminal.

Refusals, failures and changes are told at info, what goes well at debug: metrics count those. Names of
lines are the words of `afterclick.observe.events`.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import Any, TextIO, cast

import structlog
from structlog.typing import FilteringBoundLogger, Processor

from afterclick.observe.events import Said
from afterclick.observe.redact import redactor

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_LIBRARY_LEVEL = logging.WARNING


def configure(level: str = "info", format: str = "auto", stream: TextIO | None = None) -> None:
    """Set up all logging of the process, that of libraries included.

    `format` is `json`, `console` or `auto`: a terminal gets `console`. Lines go to `stream`, standard
    error unless given.
    """
    target = sys.stderr if stream is None else stream
    terminal = target.isatty()
    console = format == "console" or (format == "auto" and terminal)
    structlog.configure(
        processors=[*_shared(), _renderer(console, colors=console and terminal)],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Lossy(target))),
        # A logger that a module made at import time must follow a later set-up.
        cache_logger_on_first_use=False,
    )
    _route_libraries(_LEVELS[level])


class _Lossy:
    """Loses a line where it cannot be written: a full disk or a closed pipe must stop no delivery."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


def get_logger(name: str, **values: Any) -> FilteringBoundLogger:
    """Return a logger for one part of the program; `values` stand on each of its lines."""
    return cast("FilteringBoundLogger", structlog.get_logger(component=name, **values))


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # A plain traceback: one that shows local variables would show secrets.
        structlog.processors.format_exc_info,
        redactor,
    ]


def _renderer(console: bool, *, colors: bool) -> Processor:
    if not console:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=colors, exception_formatter=structlog.dev.plain_traceback, sort_keys=False
    )


class _Forwarder(logging.Handler):
    """Hands what libraries log over to ours, so that it is redacted and rendered alike."""

    def emit(self, record: logging.LogRecord) -> None:
        log = get_logger(record.name)
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            text = str(record.msg)
        log.log(record.levelno, Said.LIBRARY, message=text, exc_info=record.exc_info or None)


def _route_libraries(level: int) -> None:
    root = logging.getLogger()
    for handler in [*root.handlers]:
        if isinstance(handler, _Forwarder):
            root.removeHandler(handler)
    root.addHandler(_Forwarder())
    root.setLevel(max(level, _LIBRARY_LEVEL))
