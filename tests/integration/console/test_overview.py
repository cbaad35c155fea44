"""What the overview calls notable, and that it never goes on calling what is old the latest."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Route, expect

from streams.events.healing import BreakerOpened
from streams.ids import EventId, RunId
from streams.io.client import Client
from streams.topics import OBSERVATIONS
from tests.integration.console.conftest import Door
from tests.integration.console.history import asked, send
from tests.integration.console.looked_at import Looker

pytestmark = pytest.mark.integration

#: More than one page of the gateway's holds.
MANY = 230
NOTICED = "**/api/events/aether.observations.events*"


def test_what_comes_after_a_busy_hour_is_still_noticed(looker: Looker, client: Client) -> None:
    notice(client, "busy", MANY)
    looker.opens().reads(f"busy-{MANY - 1}: 8 of 9 failed")
    notice(client, "later", 1)
    looker.reads("later-0: 8 of 9 failed")


def test_a_look_costs_what_came_since_the_last_one(looker: Looker, client: Client) -> None:
    notice(client, "known", 1)
    urls: list[str] = []
    looker.page.on("request", lambda request: urls.append(request.url))
    looker.opens().reads("known-0")
    looker.page.wait_for_timeout(7_000)
    looks = [url for url in urls if "/api/events/aether.observations.events" in url]
    assert "from=" in looks[0]
    assert "cursor=" in looks[-1]


def test_what_was_noticed_stays_unknown_while_nobody_tells(looker: Looker) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=503, json={"title": "Service Unavailable", "detail": "no reader"})

    looker.page.route(NOTICED, refuse)
    looker.opens().reads("Latest runs", "no reader")
    expect(looker.page.get_by_text("no verdict changed")).to_have_count(0)


def test_the_hour_is_that_of_the_grid_whatever_the_browsers_clock_says(
    looker: Looker, client: Client
) -> None:
    notice(client, "hour", 1)
    looker.page.clock.install(time=datetime.now(UTC) + timedelta(hours=5))
    looker.opens().reads("hour-0: 8 of 9 failed")


def test_the_latest_runs_turn_grey_with_their_gateway_and_go_on_with_it(
    looker: Looker, gateway: Door, client: Client
) -> None:
    send(client, iter([asked(RunId("overview-before"), "Is anybody there?")]))
    page = looker.opens().reads("live", "Is anybody there?").page
    latest = page.get_by_role("article").filter(has_text="Latest runs")
    gateway.role.kill()
    expect(latest.get_by_role("alert")).to_contain_text("as it was")
    gateway.role.start()
    looker.reads("live")
    send(client, iter([asked(RunId("overview-after"), "Are you there again?")]))
    looker.reads("Are you there again?")
    expect(latest.get_by_role("alert")).to_have_count(0)


def notice(client: Client, name: str, count: int) -> None:
    """Write that breakers opened, each with a target of its own."""
    for at in range(count):
        target = f"{name}-{at}"
        opened = BreakerOpened(
            target=target, at_ms=1, until_ms=2, since_ms=1, calls=9, failed=8,
            reason="8 of 9 failed",
        )  # fmt: skip
        client.send(OBSERVATIONS, target, opened, EventId(target))
    client.flush()
