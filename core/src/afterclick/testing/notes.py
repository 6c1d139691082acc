"""All that a plugin says of itself while a rule is tried: log lines and what went wrong, as text."""

from __future__ import annotations

import logging
import traceback
from typing import Any


class Notes(logging.Handler):
    """The connection's log, and the root handler of Python's own: every line is kept as text."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def debug(self, event: str, **values: Any) -> None:
        """Keep a line, whatever its level; what was raised counts with its whole trace."""
        failure = values.pop("exc_info", None)
        self.lines.append(f"{event} {values!r}")
        if isinstance(failure, BaseException):
            self.lines.append("".join(traceback.format_exception(failure)))

    info = warning = error = debug

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line of Python's own log."""
        self.lines.append(self.format(record))
