"""Secrets: values that never show themselves, and the places they come from.

A secret is written as it is, as `env:NAME`, or as `file:/path`. A file may hold several, one a line: while
a sender rotates without overlap, the new one stands above the old one. A key in PEM form is one, whatever
its lines.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

MASK = "***"
_MOST_BYTES = 64 * 1024
_SAMPLE_WORD = re.compile(
    r"(my[-_]?|webhook[-_]?)?secret|token|password|placeholder|redacted|sample|example|dummy|todo|none|null"
)
_SAMPLE = re.compile(
    r"^(sample|example|dummy|placeholder)"
    r"|(change|replace)[-_ ]?(me|this)"
    r"|your[-_ ]"
    r"|x{6}|\*{3}|\.{3}|…|•"
    r"|^<.*>$|^\$\{?\w+\}?$|^\{\{.*\}\}$",
    re.IGNORECASE,
)
_PEM = re.compile(r"(-----BEGIN [A-Z0-9 ]+-----.*?-----END [A-Z0-9 ]+-----)", re.DOTALL)
_VENDOR_PREFIX = re.compile(r"^(whsec|pat)[-_]")


class Secret:
    """A value that shows itself to nobody who does not ask: not in a repr, a log line or an encoding."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


def mask(value: object) -> str:
    """Stand in for a secret where one is encoded: the `enc_hook` for msgspec.

    Raises:
        NotImplementedError: the value is of another type.

    """
    if isinstance(value, Secret | SecretSource):
        return MASK
    raise NotImplementedError(f"{type(value).__name__} cannot be encoded")


def conceal(value: Any) -> Any:
    """Return a value with every text in it made a secret: nobody knows yet which of them are."""
    if isinstance(value, str):
        return Secret(value)
    if isinstance(value, Mapping):
        return {key: conceal(item) for key, item in value.items()}
    return [conceal(item) for item in value] if isinstance(value, list) else value


def uncover(value: Any) -> Any:
    """Undo `conceal`."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return {key: uncover(item) for key, item in value.items()}
    return [uncover(item) for item in value] if isinstance(value, list) else value


class SecretFault(Exception):  # noqa: N818 - it becomes a Fault as soon as the path is known
    """A secret cannot be used; the texts never hold any of it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def weakness(value: str) -> str | None:
    """Say why a value protects nothing: empty, or a sample out of somebody's manual."""
    bare = _VENDOR_PREFIX.sub("", value.strip())
    if not bare:
        return "is empty"
    if _SAMPLE_WORD.fullmatch(bare.lower()) or len(set(bare)) == 1 or _SAMPLE.search(bare):
        return "is a sample, not a secret"
    return None


class SecretSource:
    """Where secrets come from; those of a file follow the file.

    `reference` may be shown: it names the place, never the value. `problem` says why the last
    reading of the file was not taken; the values of the reading before it stay in force.
    """

    def __init__(self, values: tuple[Secret, ...], *, reference: str, path: Path | None = None) -> None:
        self._values = values
        self.reference = reference
        self.problem: str | None = None
        self._path = path
        self._seen: tuple[int, ...] = ()
        self._fault_of: Callable[[str], str | None] = weakness

    @classmethod
    def of(cls, value: str) -> SecretSource:
        """Return a source that holds one value for ever."""
        return cls((Secret(value.strip()),), reference="a value")

    @classmethod
    def of_file(cls, path: Path) -> SecretSource:
        """Return a source that follows a file.

        Raises:
            SecretFault: the file cannot be read, or holds no usable secret.

        """
        source = cls((), reference=f"file:{path}", path=path)
        source._values = source._read()
        return source

    def __repr__(self) -> str:
        return f"<secret from {self.reference}>"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, SecretSource)
            and other.reference == self.reference
            and other._values == self._values
        )

    def __hash__(self) -> int:
        return hash((self.reference, self._values))

    @property
    def values(self) -> tuple[Secret, ...]:
        """Return the secrets in force."""
        return self._values

    @property
    def follows_a_file(self) -> bool:
        """Tell whether the values can change while the program runs."""
        return self._path is not None

    def demand(self, fault_of: Callable[[str], str | None]) -> str | None:
        """From now on take only secrets that `fault_of` finds nothing wrong with, and check the present ones.

        Returns what is wrong with the first that is.
        """
        self._fault_of = fault_of
        return next((fault for one in self._values if (fault := fault_of(one.reveal()))), None)

    def changed(self) -> bool:
        """Tell whether the file is another than the one that was read last. Costs one `stat`."""
        if self._path is None:
            return False
        try:
            # A mounted secret is swapped by its link, an edited one keeps its inode.
            return _identity(self._path.stat()) != self._seen
        except OSError:
            return True

    def refresh(self) -> bool:
        """Read the file again and tell whether the values changed. Never raises."""
        if self._path is None:
            return False
        try:
            values = self._read()
        except SecretFault as fault:
            self.problem = fault.problem
            return False
        self.problem = None
        different = values != self._values
        self._values = values
        return different

    def _read(self) -> tuple[Secret, ...]:
        path = self._path
        assert path is not None  # noqa: S101 - only sources with a file are read
        try:
            with path.open("rb") as file:
                # Taken from the open file: a change after it is seen as one.
                seen = _identity(os.fstat(file.fileno()))
                text = file.read(_MOST_BYTES).decode("utf-8")
        except OSError as failure:
            raise SecretFault(
                f"{path} cannot be read ({failure.strerror})", "Name a file that this program may read."
            ) from failure
        except UnicodeDecodeError as failure:
            raise SecretFault(f"{path} is not text", "Write the secret into it, as UTF-8.") from failure
        self._seen = seen
        values = tuple(map(Secret, _listed(text)))
        weak = [problem for secret in values if (problem := self._fault_of(secret.reveal()))]
        if weak or not values:
            problem = f"what stands in {path} {weak[0]}" if weak else f"{path} is empty"
            raise SecretFault(problem, "Write the secret into it, one a line.")
        return values


def _listed(text: str) -> Iterator[str]:
    for place, part in enumerate(_PEM.split(text)):
        # What the pattern's group caught stands at the odd places.
        lines = [part] if place % 2 else part.splitlines()
        yield from (line.strip() for line in lines if line.strip())


def _identity(found: os.stat_result) -> tuple[int, ...]:
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)


def secret_source(raw: str, environ: Mapping[str, str]) -> SecretSource:
    """Return the source that a setting names: a value, `env:NAME` or `file:/path`.

    Raises:
        SecretFault: there is nothing there, or it is empty or a sample.

    """
    text = raw.strip()
    scheme, _, rest = text.partition(":")
    rest = rest.strip()
    if scheme == "file" and rest:
        return SecretSource.of_file(Path(rest).expanduser())
    if scheme == "env" and rest:
        if rest not in environ:
            raise SecretFault(f"the variable {rest} is not set", f"Set {rest}, or name another variable.")
        problem = weakness(environ[rest])
        if problem:
            raise SecretFault(f"the variable {rest} {problem}", "Put the real secret there.")
        return SecretSource((Secret(environ[rest].strip()),), reference=f"env:{rest}")
    problem = weakness(text)
    if problem:
        raise SecretFault(f"the secret {problem}", "Put the real one there, or `env:NAME` or `file:/path`.")
    return SecretSource.of(text)


def single_secret(raw: str, environ: Mapping[str, str]) -> Secret:
    """Return the one secret that a setting names.

    Raises:
        SecretFault: as `secret_source`, or the file holds several.

    """
    values = secret_source(raw, environ).values
    if len(values) != 1:
        raise SecretFault("the file holds several secrets", "Only a source's secrets may be several.")
    return values[0]
