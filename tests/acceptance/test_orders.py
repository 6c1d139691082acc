"""Two friends told in many orders, the CRM in step all the while: what sales typed in comes to no harm."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.acceptance.running import Running, event, running, unlimited
from tests.support.clock import moment
from tests.support.events import make_report
from tests.support.friends import ORDERS, Friends, Said
from tests.support.signing import SECRET as APP_SECRET
from tests.support.signing import headers_of

from afterclick.cli.sending import Delivery, Report, send
from afterclick.model.event import REGISTRATION

EVERY = 126
"""So 40 orders of 5,040: `tests/ledger/test_orders.py` goes through more of them."""

APP: dict[str, Any] = {"AFTERCLICK_SOURCES__APP__KIND": "app", "AFTERCLICK_SOURCES__APP__SECRETS": APP_SECRET}


def request(said: Said, id: str) -> tuple[str, Delivery | Report]:
    """Return where a delivery goes, and the delivery itself."""
    if said.type != REGISTRATION:
        return "/webhooks/tolinku", event(said.type, said.at, **said.fields)
    body = make_report(at=said.at, **said.fields).body
    return "/v1/registrations", Report(body=body, headers=headers_of(body, id=id, at=moment("10:30")))


async def tell(run: Running, said: Iterable[tuple[Said, str]]) -> None:
    """Let deliveries arrive, each under an id, and the CRM follow."""
    url = run.service.public_url
    requests = [request(one, id) for one, id in said]
    statuses = await asyncio.gather(*(send(run.http, url + path, one) for path, one in requests))
    assert set(statuses) == {200}
    await run.settled()


async def test_friends_end_as_two_contacts_and_what_sales_typed_in_comes_to_no_harm(tmp_path: Path) -> None:
    everybody = [Friends(number) for number in range(len(ORDERS[::EVERY]))]
    told = [
        [(friends.said[index], f"{friends.ann}-{index}") for index in order]
        for friends, order in zip(everybody, ORDERS[::EVERY], strict=True)
    ]
    sandbox = unlimited()
    async with running(tmp_path, now=moment("10:30"), sandbox=sandbox, **APP) as run:
        # Sales know every second Ben already, and people of whom nobody else has heard.
        typed = {
            sandbox.add_contact(values): values
            for values in [
                *(
                    {"email": friends.ben, "firstname": "Benjamin", "lastname": "Okafor", "jobtitle": "Baker"}
                    for friends in everybody[::2]
                ),
                {"firstname": "Deep Link", "lastname": "Deep Link Lead CODE1 000000"},
            ]
        }
        for turn in range(7):
            await tell(run, [turns[turn] for turns in told])
        leads = await run.service.ledger.leads(limit=1000)
        records = {
            row.record.id
            for row in await run.service.ledger.syncs_of([lead.id for lead in leads])
            if row.record is not None
        }
        contacts = {one["hs_object_id"]: one for one in sandbox.contacts()}

        assert len(leads) == 2 * len(told)
        assert all(row.state.named for row in leads)
        assert records == contacts.keys() - {next(reversed(typed))}
        for id, values in typed.items():
            assert values.items() <= contacts[id].items()
        known = {one["email"] for one in contacts.values() if "email" in one and "deep_link_key" in one}
        assert known == {friends.ben for friends in everybody}

        calls = sandbox.calls.total
        await tell(run, [one for turns in told for one in turns])
        assert {one["hs_object_id"]: one for one in sandbox.contacts()} == contacts
        assert sandbox.calls.total == calls
