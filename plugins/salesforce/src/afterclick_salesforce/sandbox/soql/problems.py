"""What Salesforce says of a query that it does not run."""

from __future__ import annotations


class QueryError(Exception):
    """A query cannot be run: the code and the text, which points to the place as Salesforce does."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def malformed(message: str) -> QueryError:
    """Return the refusal of a query that cannot be read."""
    return QueryError("MALFORMED_QUERY", message)


def at_place(code: str, text: str, at: int, message: str) -> QueryError:
    """Return the refusal that shows a query's line with a mark under the character `at`."""
    row = text.count("\n", 0, at) + 1
    start = text.rfind("\n", 0, at) + 1
    line = text[max(start, at - 40) : at + 40].partition("\n")[0]
    mark = " " * (at - max(start, at - 40)) + "^"
    return QueryError(code, f"\n{line}\n{mark}\nERROR at Row:{row}:Column:{at - start + 1}\n{message}")
