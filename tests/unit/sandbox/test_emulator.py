"""The way of a call through an emulator, its counts, its control and its pages."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import aiohttp
import pytest
import trustme
from yarl import URL

from afterclick.sandbox import Rule, serve
from afterclick.testing import StillClock

if TYPE_CHECKING:
    from .conftest import Client, ToyCrm


async def test_handler_sees_path_and_route_parameters(client: Client) -> None:
    await client.make("a")

    assert await client.send("GET", "/api/v1/notes/n0") == (
        200,
        {"name": "a", "id": "n0", "kind": "note", "version": "v1"},
    )


async def test_refusal_ends_a_handler(client: Client) -> None:
    assert await client.make() == (422, {"toy": "no names"})


async def test_unknown_path_is_the_crms_own_404(client: Client) -> None:
    assert await client.send("PUT", "/api/v1/nothing") == (404, {"toy": 404, "why": ""})


async def test_call_that_is_not_admitted_changes_nothing(client: Client, toy: ToyCrm) -> None:
    toy.closed = True

    assert (await client.make("a"))[0] == 401
    assert len(toy.store) == 0


async def test_calls_are_counted_by_route_and_status(client: Client) -> None:
    await client.make("a", "b")
    await client.make()
    await client.send("GET", "/api/v1/notes/n0")

    _, counts = await client.send("GET", "/_sandbox/calls")

    assert counts["total"] == 3
    assert counts["routes"] == {"notes": {"201": 1, "422": 1}, "GET /api/{version}/notes/{id}": {"200": 1}}
    assert [call["inputs"] for call in counts["newest"]] == [2, 0, 0]
    assert {"at", "method", "path", "status", "inputs", "took"} == set(counts["newest"][0])


async def test_handler_sees_the_target_as_it_was_sent(toy: ToyCrm) -> None:
    targets = []
    toy.admit = lambda call: targets.append(call.target)  # type: ignore[method-assign] # only looks on
    sent = "/api/v1/notes/a%2Fb?q=x+y&long=" + "z" * 20_000

    async with serve(toy) as running, aiohttp.ClientSession() as session:
        await session.get(URL(running.url + sent, encoded=True))

    assert targets == [sent]


async def test_https_only_clients_can_be_pointed_at_an_emulator(toy: ToyCrm) -> None:
    authority = trustme.CA()
    server, client = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client)

    async with serve(toy, tls=server) as running, aiohttp.ClientSession() as session:
        assert running.url.startswith("https://127.0.0.1:")
        async with session.get(f"{running.url}/_sandbox/calls", ssl=client) as response:
            assert response.status == 200


async def test_log_holds_no_query_and_no_header(toy: ToyCrm) -> None:
    async with serve(toy) as running, aiohttp.ClientSession(headers={"Authorization": "s3cret"}) as session:
        async with session.get(running.url + "/api/v1/notes/1?token=s3cret"):
            pass
        async with session.get(running.url + "/_sandbox/calls") as response:
            assert "s3cret" not in await response.text()


async def test_reset_goes_back_to_the_start(client: Client, toy: ToyCrm) -> None:
    await client.make("a")
    toy.faults.add(Rule(kind="status"))

    status, counts = await client.send("POST", "/_sandbox/reset")

    assert (status, counts["total"]) == (200, 0)
    assert await client.send("GET", "/_sandbox/records") == (200, [])
    assert (await client.make("a"))[0] == 201


async def test_reset_keeps_the_faults_of_the_start(still: StillClock) -> None:
    from .conftest import ToyCrm

    toy = ToyCrm(still, faults=[Rule(kind="status", status=500)])
    toy.faults.clear()

    toy.reset()

    assert [rule["status"] for rule in toy.faults.describe()] == [500]


async def test_records_come_as_json(client: Client) -> None:
    await client.make("a", "b")

    _, records = await client.send("GET", "/_sandbox/records?limit=1")

    assert [record["id"] for record in records] == ["n0"]
    assert f"{client.url}/notes/n0/view" == records[0]["url"]
    assert (await client.send("GET", "/_sandbox/records?limit=all"))[0] == 400


async def test_people_of_the_sales_team_type_in_a_record(client: Client) -> None:
    maya = {"last_name": "Lindqvist"}
    _, typed = await client.send("POST", "/_sandbox/records", maya)
    _, records = await client.send("GET", "/_sandbox/records")

    assert [(one["id"], one["origin"], one["title"]) for one in records] == [
        (typed["id"], "Sales", "Lindqvist")
    ]
    status, told = await client.send("POST", "/_sandbox/records", maya)
    assert (status, "is held by n0" in told["error"]) == (409, True)
    _, counts = await client.send("GET", "/_sandbox/calls")
    assert counts["total"] == 0


@pytest.mark.parametrize(
    ("body", "word"), [({}, "a last name"), ({"surname": "Lindqvist"}, "surname"), ([], "object")]
)
async def test_record_that_the_crm_does_not_take_is_told(client: Client, body: object, word: str) -> None:
    status, told = await client.send("POST", "/_sandbox/records", body)

    assert (status, word in told["error"]) == (400, True)


async def test_table_lists_the_records(client: Client) -> None:
    assert "No records yet" in (await client.page("/"))[1]
    await client.make("Ada Lovelace")

    status, html = await client.page("/")

    assert status == 200
    assert '<a href="/notes/n0/view">Ada Lovelace</a>' in html
    assert ">AL</div>" in html
    assert "Name of the note" in html
    assert "21 May 2026, 09:14 UTC" in html
    assert 'http-equiv="refresh"' in html
    assert 'http-equiv="refresh"' not in (await client.page("/?refresh=off"))[1]


async def test_page_of_a_record_says_where_each_value_came_from(client: Client) -> None:
    await client.make("Ada")

    status, html = await client.page("/notes/n0/view")

    assert status == 200
    assert "Deep Link Attribution" in html
    assert "Client, 21 May 2026, 09:14 UTC" in html


async def test_page_of_no_record_is_a_404(client: Client) -> None:
    status, html = await client.page("/notes/none/view")

    assert status == 404
    assert "No such record" in html


@pytest.mark.parametrize("path", ["/", "/notes/n0/view"])
async def test_pages_escape_what_strangers_typed(client: Client, path: str) -> None:
    await client.make('<script>alert(1)</script>" onload="x')

    _, html = await client.page(path)

    assert "<script>" not in html
    assert 'onload="x' not in html
    assert "&lt;script&gt;" in html


async def test_page_survives_a_text_that_only_looks_like_a_time(client: Client) -> None:
    await client.make("2026-02-31T99:00:00Z")

    assert (await client.page("/notes/n0/view"))[0] == 200


async def test_emulator_listens_on_loopback_and_knows_its_address(toy: ToyCrm) -> None:
    async with serve(toy) as running:
        assert running.url.startswith("http://127.0.0.1:")
        assert {"base_url": running.url} == running.settings()
        assert f"{running.url}/notes/x/view" == toy.record_url("x")


async def test_record_addresses_can_be_those_of_a_proxy(toy: ToyCrm) -> None:
    async with serve(toy, public_url="https://demo.example/") as running:
        assert running.url == "https://demo.example"
        assert toy.record_url("x") == "https://demo.example/notes/x/view"


async def test_taken_port_is_an_error(toy: ToyCrm) -> None:
    async with serve(toy) as running:
        port = int(running.url.rsplit(":", 1)[1])
        with pytest.raises(OSError, match="address already in use"):
            async with serve(toy, port=port):
                pass


async def test_table_stops_at_its_limit_and_says_so(client: Client) -> None:
    await client.make(*(f"note {index}" for index in range(201)))

    _, html = await client.page("/")

    assert "The 200 records changed last" in html
    assert html.count("<tr>") == 201
