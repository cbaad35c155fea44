"""What a page asked for and did not get at once: it goes on by itself, and tells nothing twice."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from streams.ids import RunId
from streams.io.client import Client
from streams.log import Draft
from streams.topics import SESSIONS
from tests.integration.console.conftest import Door
from tests.integration.console.history import asked, ended, runs, send
from tests.integration.console.looked_at import Looker

pytestmark = pytest.mark.integration

#: More records than two pages hold.
RUNS = 300
FOLLOWED = "**/api/events/aether.sessions.events?type=*"


def test_what_was_refused_once_is_asked_for_again(looker: Looker) -> None:
    looker.page.route("**/api/schemas", first(1, refuse))
    looker.opens("streams/aether.registry.events?view=schema").reads("not now", "if left out")
    expect(looker.page.get_by_role("alert")).to_have_count(0)


def test_a_stream_that_was_refused_is_asked_for_again(looker: Looker, client: Client) -> None:
    looker.page.route(FOLLOWED, first(3, refuse))
    looker.opens("runs").reads("The stream was cut")
    expect(looker.page.get_by_role("alert")).to_have_count(0)
    send(client, iter([asked(RunId("after-refusal"), "Do you hear me again?")]))
    looker.reads("Do you hear me again?")


def test_what_happens_while_a_page_is_read_is_not_missed(looker: Looker, client: Client) -> None:
    run_id = RunId("ends-meanwhile")
    page = looker.opens("runs").reads("live").page

    def slowly(route: Route) -> None:
        answer = route.fetch()
        send(client, iter([ended(run_id, False)]))
        time.sleep(1.5)
        route.fulfill(response=answer)

    page.route("**/api/runs?*", first(1, slowly))
    send(client, iter([asked(run_id, "Who ends meanwhile?")]))
    row = page.get_by_role("listitem").filter(has_text="Who ends meanwhile?")
    expect(row).to_contain_text("completed")


def test_a_page_that_is_on_its_way_is_not_asked_for_again(looker: Looker, client: Client) -> None:
    send(client, runs(RUNS))
    page = looker.opens("streams/aether.sessions.events?from=earliest").reads("200 shown").page
    held: list[Route] = []
    page.route("**/api/events/aether.sessions.events?cursor=*", lambda route: held.append(route))
    rows = page.get_by_role("listbox", name="Records")
    for top in (1e9, 0, 1e9, 0):
        rows.evaluate("(box, top) => { box.scrollTop = top }", top)
        page.wait_for_timeout(200)
    (one,) = held
    one.continue_()
    looker.reads("400 shown")


def test_records_go_on_with_the_gateway_that_was_away(looker: Looker, gateway: Door) -> None:
    page = looker.opens("streams/aether.sessions.events").reads("live", "RequestReceived").page
    gateway.role.kill()
    page.get_by_role("button", name="earliest").click()
    looker.reads("The gateway does not answer")
    gateway.role.start()
    looker.reads("looked at")


def test_the_first_record_is_heard_though_the_gateway_was_away_when_it_came(
    looker: Looker, gateway: Door, client: Client
) -> None:
    page = looker.opens("streams/aether.sessions.events?from=live").reads("live", "Waiting").page
    page.wait_for_timeout(1_000)
    gateway.role.kill()
    send(client, iter([asked(RunId("asked-while-away"), "Who asks meanwhile?")]))
    gateway.role.start()
    records = page.get_by_role("listbox", name="Records").get_by_role("option")
    expect(records.filter(has_text="RequestReceived")).to_have_count(1)


def test_a_record_of_an_unknown_kind_comes_live_and_says_why(
    looker: Looker, client: Client
) -> None:
    page = looker.opens("streams/aether.sessions.events?from=live").reads("live", "Waiting").page
    page.wait_for_timeout(1_000)
    kind = ("ce_type", b"aether.sessions.Unheard.v1")
    while not client.log.append(
        [Draft(SESSIONS.name, 0, b"\xf0\x9f\x90\x91/100%", b"no avro", [kind])], lambda _: None
    ):
        client.log.serve(0.05)
    client.flush()
    page.get_by_role("option").filter(has_text="unreadable").click()
    looker.reads("cannot be read")


def test_the_keys_of_records_are_three(looker: Looker) -> None:
    page = looker.opens("streams/aether.sessions.events").reads("RequestReceived").page
    page.keyboard.press("f")
    looker.reads("came since you look")
    page.keyboard.press("l")
    looker.reads("looked at")


def refuse(route: Route) -> None:
    """Answer as a gateway that has too much to do."""
    route.fulfill(status=503, json={"title": "Service Unavailable", "detail": "not now"})


def first(count: int, handle: Callable[[Route], None]) -> Callable[[Route], None]:
    """Return a handler of the first requests alone."""
    handlers = iter([handle] * count)
    return lambda route: next(handlers, Route.continue_)(route)
