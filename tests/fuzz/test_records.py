"""What is stored goes all the way: no lead that any input makes stays behind in a CRM."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz.bodies import bodies, texts, written
from tests.fuzz.world import World
from tests.support.strategies import fewer
from tests.support.wire import payload

lines = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=50).map(str.strip)
fields = st.integers(0, 15).flatmap(lambda die: texts if die == 0 else lines)
profiles: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"user_id": st.integers(0, 20).map(str) | fields},
    optional={
        "email": st.emails(),
        "first_name": fields,
        "last_name": fields,
        "phone": fields,
        "company": fields,
        "campaign": fields,
        "referral_code": fields,
        "properties": st.dictionaries(st.sampled_from(("plan", "seats", "x-1")), fields, max_size=2),
    },
)
"""What a backend may say of a person, right or not."""


@fewer(2)
@given(st.lists(written | bodies, min_size=1, max_size=4), st.integers())
def test_any_lead_reaches_the_crm(synced: World, sent: list[bytes], person: int) -> None:
    probe = payload("referral.completed", referral_code=f"c{person}", referred_user_id=f"u{person}")

    async def example() -> None:
        for body in (*sent, probe):
            assert await synced.deliver(body) == 200
        await synced.stored(*sent, probe)
        await synced.in_crm()
        synced.check_log()

    synced.run(example())


@fewer(2)
@given(st.lists(profiles, min_size=1, max_size=3))
def test_any_profile_reaches_the_crm(synced: World, sent: list[dict[str, Any]]) -> None:
    """A registration is taken or refused; what is taken ends in the CRM."""

    async def example() -> None:
        statuses = [await synced.register(profile) for profile in sent]
        assert set(statuses) <= {200, 422}
        await synced.folded()
        await synced.in_crm()
        synced.check_log()

    synced.run(example())
