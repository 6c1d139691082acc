"""What every sample delivery says, read by hand from its body."""

from __future__ import annotations

import hashlib
import hmac

import msgspec
import pytest
from tests.support.deliveries import Delivery, deliveries, delivery, secret

from afterclick.clock import from_iso
from afterclick.model.decode import decode
from afterclick.model.event import TYPES, Facts
from afterclick.model.text import MAX_TEXT

BOX = {"prefix": "menu", "token": "autumn-box"}
LAUNCH = {"campaign": "autumn-box-launch"}
EPISODE = {"campaign": "podcast-ep-41"}
ANDROID, IOS = {"platform": "android"}, {"platform": "ios"}
MOBILE = {"device": "mobile"}
SHOP = {"host": "go.shop.example.com"}


def code(text: str) -> dict[str, str]:
    return {"prefix": "ref", "token": text, "code": text}


H4, ZX, M7 = code("H4TZ8QK2LM"), code("ZX81QP"), code("M7B3NC9VRD")
FIRST_DELIVERY = {
    **H4,
    "referrer": "cust-58112",
    "referred_user": "cust-71905",
    "milestone": "first_delivery",
}
BOX_URL = "https://go.shop.example.com/menu/autumn-box?utm_campaign=autumn-box-launch&utm_source=podcast"

EXPECTED: dict[str, dict[str, str]] = {
    "link_clicked.dev_docs": {**BOX, **LAUNCH, **ANDROID, **MOBILE, **SHOP},
    "link_clicked.user_guide": {
        **BOX,
        **LAUNCH,
        **ANDROID,
        **MOBILE,
        **SHOP,
        "source": "podcast",
        "country": "NL",
        "url": BOX_URL,
    },
    "link_clicked.features_page": {**BOX, **ANDROID, "country": "NL"},
    "link_clicked.desktop_static_route": {
        "prefix": "download",
        "platform": "desktop",
        "device": "desktop",
        **SHOP,
    },
    "install_tracked.dev_docs": {**LAUNCH, **ANDROID, **MOBILE, **SHOP},
    "install_tracked.user_guide": {**IOS, **MOBILE, "country": "PT"},
    "install_tracked.seed": {**BOX, **EPISODE, **IOS},
    "install_tracked.seed_same_token_other_person": {**BOX, **EPISODE, **ANDROID},
    "install_tracked.retry_duplicate": {**BOX, **EPISODE, **IOS},
    "install_tracked.minimal": ANDROID,
    "install_tracked.nulls_and_empties": {**IOS, **SHOP},
    "install_tracked.unicode_raw": {
        "prefix": "menu",
        "token": "été-2026",
        "campaign": "Été 🍂 秋の箱 👩\u200d🍳 חורף",
        **IOS,
        **MOBILE,
    },
    "install_tracked.unicode_escaped": {
        "prefix": "menu",
        "token": "été-2026",
        "campaign": "Été 🍂 秋の箱",
        **IOS,
    },
    "install_tracked.referral_link": {**H4, **ANDROID, **MOBILE, **SHOP},
    "install_tracked.unknown_extras": {"prefix": "menu", "token": "20260602", **LAUNCH, **ANDROID},
    "deferred_claimed.dev_docs_token": {**BOX, "method": "token"},
    "deferred_claimed.dev_docs_signals_referral": {**H4, "method": "signals"},
    "deferred_claimed.user_guide": {
        "prefix": "table",
        "token": "window-12",
        "url": "https://go.shop.example.com/table/window-12",
        **IOS,
        **SHOP,
    },
    "deferred_claimed.seed": {**BOX, **EPISODE, **ANDROID},
    "deferred_claimed.awkward_path": {
        "prefix": "order",
        "token": "café 42",
        "campaign": "print flyer",
        "method": "clipboard",
    },
    "referral_created.dev_docs": {
        **H4,
        **SHOP,
        "url": "https://go.shop.example.com/ref/H4TZ8QK2LM",
        "referrer": "cust-58112",
        "names_referrer_as": "code",
    },
    "referral_created.url_null_short_code": {
        **ZX,
        "referrer": "dana.okafor@example.com",
        "names_referrer_as": "code",
    },
    "referral_created.seed": {
        **M7,
        **IOS,
        "campaign": "friends-june",
        "referrer": "cust-60340",
        "names_referrer_as": "signup",
    },
    "referral_created.both_name_sets": {
        **M7,
        **SHOP,
        "url": "https://go.shop.example.com/ref/M7B3NC9VRD",
        "referrer": "cust-60340",
        "names_referrer_as": "code",
    },
    "referral_completed.docs": FIRST_DELIVERY,
    "referral_completed.seed": M7,
    "referral_completed.rewards": {
        **ZX,
        "referrer": "dana.okafor@example.com",
        "referred_user": "cust-71911",
        "milestone": "completed",
    },
    "referral_completed.before_created": {**code("NEVERSEEN1"), "referrer": "cust-90001"},
    "referral_completed.hostile_text": {
        **code("x' OR Name LIKE '%"),
        "referrer": '=HYPERLINK("https://example.com","win")',
        "referred_user": "cust-1 X-Injected: 1",
        "milestone": '<b>first</b> & \\ "order"',
    },
    "test.docs": {},
    "test.bare": {},
    "ecom_purchase.full": {**EPISODE, **IOS, "source": "podcast"},
    "ecom_purchase.minimal": {},
    "ecom_refund.full": {},
    "ecom_refund.minimal": {},
    "ecom_cart_abandoned.full": {"campaign": "friends-june", "platform": "web"},
    "ecom_cart_abandoned.minimal": {},
    "ecom_add_to_cart.full": ANDROID,
    "ecom_add_to_cart.no_items": {},
    "ecom_begin_checkout.full": {},
    "ecom_begin_checkout.empty": {},
    "ecom_add_to_wishlist.full": IOS,
    "ecom_add_to_wishlist.minimal": {},
    "ecom_fraud_flagged.full": {},
    "ecom_fraud_flagged.minimal": {},
    "envelope.unknown_event": {**ZX, "referrer": "dana.okafor@example.com"},
    "envelope.data_missing": {},
    "envelope.data_null_offset_time": {},
    "envelope.timestamp_epoch_pretty": {**BOX, "method": "token"},
    "envelope.header_disagrees_no_timestamp": FIRST_DELIVERY,
    "envelope.nul_and_lone_surrogate": {
        "prefix": "menu",
        "token": "a b",
        "campaign": "broken   emoji",
        **IOS,
    },
}


@pytest.mark.parametrize("id", EXPECTED)
def test_sample_says(id: str) -> None:
    decoded = decode(delivery(id).body)

    assert decoded.problem is None
    assert decoded.facts == msgspec.convert(EXPECTED[id], Facts)


def test_every_sample_is_in_the_table() -> None:
    assert len(deliveries()) == 52
    assert {one.id for one in deliveries()} == EXPECTED.keys() | {"install_tracked.long_values"}


def test_long_values_are_cut_and_stay_different() -> None:
    body = delivery("install_tracked.long_values").body
    one, other = decode(body).facts, decode(body.replace(b"longcamp-end", b"longcamp-END")).facts

    assert one.token is not None
    assert (len(one.token), one.token[-1]) == (400, "Z")
    assert one.campaign is not None
    assert len(one.campaign) <= MAX_TEXT
    assert one.campaign != other.campaign


def test_samples_cover_every_documented_type() -> None:
    assert {decode(one.body).type for one in deliveries()} == {*TYPES, "referral.expired"}


@pytest.mark.parametrize("one", deliveries(), ids=lambda one: one.id)
def test_body_says_the_type_whatever_the_header_does(one: Delivery) -> None:
    lies = one.id == "envelope.header_disagrees_no_timestamp"

    assert (decode(one.body).type == one.type) is not lies


@pytest.mark.parametrize(
    ("id", "at"),
    [
        ("link_clicked.dev_docs", "2026-06-02T08:15:27.318Z"),
        ("link_clicked.features_page", "2026-06-02T08:17:44Z"),
        ("envelope.data_null_offset_time", "2026-06-02T22:02:00.123Z"),
        ("envelope.timestamp_epoch_pretty", "2026-06-03T00:02:00Z"),
    ],
)
def test_sample_time_is_read(id: str, at: str) -> None:
    assert decode(delivery(id).body).timestamp == from_iso(at)


def test_missing_sample_time_is_none() -> None:
    assert decode(delivery("envelope.header_disagrees_no_timestamp").body).timestamp is None


def test_address_is_kept_apart_from_the_facts() -> None:
    addresses = {one.id: ip for one in deliveries() if (ip := decode(one.body).ip) is not None}

    assert addresses["install_tracked.dev_docs"] == "198.51.100.23"
    assert addresses["deferred_claimed.dev_docs_signals_referral"] == "203.0.113.5"
    assert len(addresses) == 8


@pytest.mark.parametrize("one", deliveries(), ids=lambda one: one.id)
def test_copy_of_the_samples_is_true(one: Delivery) -> None:
    mac = hmac.new(secret().encode(), one.body, hashlib.sha256).hexdigest()

    assert one.mac.lower().removeprefix("sha256=") == mac
