"""Who signed a body: the HMAC itself, the forms of the header, and secrets that change."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import FakeClock
from tests.support.deliveries import Delivery, deliveries, secret

from afterclick.config.secrets import SecretSource
from afterclick.receiver.keys import LOOK_EVERY
from afterclick.receiver.signature import Key, Verifier, read_header

OLD, NEW = "whsec_3f9c0d51b7a84e62", "whsec_77aa0d51b7a8ffff"
BODY = b'{"event":"test"}'
HEX = "0a" * 32


def signed(value: str, body: bytes = BODY) -> list[str]:
    return [hmac.new(value.encode(), body, hashlib.sha256).hexdigest()]


# The HMAC


@pytest.mark.parametrize(
    ("key", "body", "digest"),
    [
        # RFC 4231, test cases 1, 2, 3 and 6.
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ],
)
def test_published_vectors_hold(key: bytes, body: bytes, digest: str) -> None:
    assert Key(key).sign(body).hex() == digest


@given(st.binary(max_size=200), st.binary(max_size=500), st.binary(max_size=50))
def test_key_signs_as_the_library_does(key: bytes, body: bytes, second: bytes) -> None:
    ours = Key(key)

    assert ours.sign(body) == hmac.digest(key, body, "sha256")
    assert ours.sign(second) == hmac.digest(key, second, "sha256")


@pytest.mark.parametrize("delivery", deliveries(), ids=lambda one: one.id)
def test_sample_deliveries_verify(delivery: Delivery, clock: FakeClock) -> None:
    verifier = Verifier([SecretSource.of(secret())], clock)

    assert verifier.verify([delivery.mac], delivery.body)
    assert not verifier.verify([delivery.mac], delivery.body + b" ")


def test_key_is_the_whole_secret_with_its_prefix(clock: FakeClock) -> None:
    verifier = Verifier([SecretSource.of(OLD)], clock)

    assert verifier.verify(signed(OLD), BODY)
    assert not verifier.verify(signed(OLD.removeprefix("whsec_")), BODY)


def test_secret_beyond_ascii_is_utf8(clock: FakeClock) -> None:
    assert Verifier([SecretSource.of("clé-à-moi")], clock).verify(signed("clé-à-moi"), BODY)


def test_any_of_several_secrets_will_do(clock: FakeClock) -> None:
    verifier = Verifier([SecretSource.of(NEW), SecretSource.of(OLD)], clock)

    assert verifier.verify(signed(OLD), BODY)
    assert verifier.verify(signed(NEW), BODY)
    assert not verifier.verify(signed("another-one"), BODY)


def test_every_secret_is_compared_even_after_a_match(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[bytes] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(one)
        return one == other

    monkeypatch.setattr("afterclick.receiver.signature.hmac.compare_digest", compare)

    assert Verifier([SecretSource.of(OLD), SecretSource.of(NEW)], clock).verify(signed(OLD), BODY)
    assert len(compared) == 2


# The header


@pytest.mark.parametrize("form", ["{}", "sha256={}", "SHA256={}", "Sha256={}", " {} ", "\tsha256={}\t"])
@pytest.mark.parametrize("digits", [HEX, HEX.upper()])
def test_both_forms_of_the_header_are_read(form: str, digits: str) -> None:
    assert read_header([form.format(digits)]) == bytes.fromhex(HEX)


@pytest.mark.parametrize(
    "values",
    [
        [],
        [HEX, HEX],
        [""],
        ["sha256="],
        [HEX[:-1]],
        [HEX + "0"],
        [HEX[:-1] + "g"],
        [HEX[:-2] + "é0"],
        [HEX[:-1] + "\udcff"],
        [HEX[:31] + "  " + HEX[33:]],
        [HEX[:32] + "  " + HEX[34:]],
        [HEX + "\x0b"],
        ["\xa0" + HEX],
        [" " * 64],
        [f"sha256=sha256={HEX}"],
        [f"sha256 = {HEX}"],
        [f"sha512={HEX}"],
        [f"sha256:{HEX}"],
        [f"{HEX},{HEX}"],
        [f'"{HEX}"'],
        ["0x" + HEX[2:]],
        ["\u0660" * 64],
        ["a" * 100_000],
    ],
)
def test_anything_else_is_no_signature(values: list[str]) -> None:
    assert read_header(values) is None


@given(st.lists(st.text(max_size=80), max_size=3), st.binary(max_size=50))
def test_no_header_raises_or_matches_by_chance(values: list[str], body: bytes) -> None:
    assert not Verifier([SecretSource.of(OLD)], FakeClock()).verify(values, body)


# Secrets in files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(OLD, encoding="utf-8")
    return path


def rewrite(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def test_mismatch_reads_a_changed_file_at_once(file: Path, clock: FakeClock) -> None:
    """The sender rotates without an overlap: the first delivery with the new secret must not be refused."""
    verifier = Verifier([SecretSource.of_file(file)], clock)
    rewrite(file, NEW)

    assert verifier.verify(signed(NEW), BODY)
    assert not verifier.verify(signed(OLD), BODY)


def test_first_true_signature_counts_in_a_flood_of_forged_ones(file: Path, clock: FakeClock) -> None:
    verifier = Verifier([SecretSource.of_file(file)], clock)
    for _ in range(50):
        assert not verifier.verify(signed("forged-secret"), BODY)
    rewrite(file, NEW)

    assert verifier.verify(signed(NEW), BODY)


def test_secret_taken_out_of_its_file_stops_to_count(file: Path, clock: FakeClock) -> None:
    file.write_text(f"{NEW}\n{OLD}", encoding="utf-8")
    verifier = Verifier([SecretSource.of_file(file)], clock)
    assert verifier.verify(signed(OLD), BODY)
    rewrite(file, NEW)
    clock.jump(LOOK_EVERY)

    assert not verifier.verify(signed(OLD), BODY)


def test_file_that_looks_unchanged_is_read_once_in_a_while(
    file: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File systems count time coarsely: two writes within a tick look like one."""
    verifier = Verifier([SecretSource.of_file(file)], clock)
    monkeypatch.setattr(SecretSource, "changed", lambda self: False)
    rewrite(file, NEW)

    assert not verifier.verify(signed(NEW), BODY)
    clock.jump(LOOK_EVERY)
    assert verifier.verify(signed(NEW), BODY)


def test_flood_of_forged_signatures_reads_no_unchanged_file(
    file: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = Verifier([SecretSource.of_file(file)], clock)
    readings: list[SecretSource] = []

    def refresh(self: SecretSource) -> bool:
        readings.append(self)
        return False

    monkeypatch.setattr(SecretSource, "refresh", refresh)
    for _ in range(50):
        verifier.verify(signed("forged-secret"), BODY)

    assert readings == []


def test_old_secret_counts_while_the_file_is_unusable(file: Path, clock: FakeClock) -> None:
    told: list[str | None] = []
    verifier = Verifier([SecretSource.of_file(file)], clock, lambda source: told.append(source.problem))
    file.unlink()
    clock.jump(LOOK_EVERY)

    assert verifier.verify(signed(OLD), BODY)
    assert not verifier.verify(signed(NEW), BODY)
    assert len(told) == 1
    assert "cannot be read" in str(told[0])

    file.write_text(NEW, encoding="utf-8")

    assert verifier.verify(signed(NEW), BODY)
    assert told[1:] == [None]
