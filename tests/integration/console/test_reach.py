"""What any reader, window, clock and text may do to the console, and it still tells the truth."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from streams.ids import RunId
from streams.io.client import Client
from tests.integration.console.history import asked, ended, runs, send
from tests.integration.console.looked_at import Looker

pytestmark = pytest.mark.integration

PLACES = (
    "", "runs", "runs/run-000001", "runs/run-000001?view=timeline",
    "streams/aether.sessions.events", "streams/aether.registry.events?view=produce",
    "streams/aether.registry.events?view=schema", "lag/aether.observer",
)  # fmt: skip
TOO_WIDE = (
    "() => { const m = document.querySelector('main'); return m.scrollWidth - m.clientWidth }"
)
#: Far more than a title, and less than would be put aside into a store.
LONG = 40_000


def test_the_keyboard_reaches_the_page_and_leaves_it(looker: Looker) -> None:
    page = looker.opens("runs").reads("live").page
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#page")).to_be_focused()
    page.get_by_role("link", name="Streams").focus()
    page.keyboard.press("Enter")
    looker.reads("Choose a topic")


def test_a_percent_sign_typed_by_hand_breaks_nothing(looker: Looker) -> None:
    looker.opens("runs/100%").reads("no event of run")


def test_a_link_of_the_picture_does_not_load_the_page_anew(looker: Looker) -> None:
    page = looker.opens().page
    page.evaluate("window.same = true")
    page.locator(".topology a").filter(has_text="aether.observer").first.click()
    looker.reads("Behind, in seconds")
    assert page.evaluate("window.same") is True


def test_a_filter_of_lag_stays_and_hides_nobody_who_is_looked_at(looker: Looker) -> None:
    page = looker.page
    told = {"age_s": 0, "groups": [group("readers"), group("writers")], "probes": {}}
    page.route("**/api/lag", lambda route: route.fulfill(json=told))
    looker.opens("lag?q=read").page.get_by_role("link", name="readers").click()
    looker.reads("it works on what it has read")
    expect(page.get_by_label("Name of the group")).to_have_value("read")
    looker.reads("1 min 59 s")
    page.get_by_label("Name of the group").fill("write")
    looker.reads("writers")
    expect(page.get_by_role("heading", name="readers")).to_be_visible()


@pytest.mark.parametrize("place", PLACES)
def test_a_window_of_a_telephone_is_wide_enough(looker: Looker, client: Client, place: str) -> None:
    send(client, runs(2))
    looker.page.set_viewport_size({"width": 360, "height": 740})
    page = looker.opens(place).reads("live").page
    page.wait_for_timeout(1_000)
    assert page.evaluate(TOO_WIDE) == 0
    looker.is_served_well()


def test_records_and_cards_have_room_in_a_narrow_window(looker: Looker, client: Client) -> None:
    send(client, runs(20))
    looker.page.set_viewport_size({"width": 360, "height": 740})
    page = looker.opens("streams/aether.sessions.events").reads("RequestReceived").page
    assert height(page, "[aria-label=Records]") > 200
    looker.opens().reads("Latest runs", "Question number")
    assert height(page, "article:has-text('Latest runs')") > 300


def test_a_long_question_does_not_bury_its_run(looker: Looker, client: Client) -> None:
    run_id = RunId("long-question")
    send(
        client,
        iter([asked(run_id, "\U0001f411 \u202etew\u202c " * (LONG // 8)), ended(run_id, False)]),
    )
    page = looker.opens(f"runs/{run_id}").reads("characters)", "Payload").page
    assert height(page, "h1") < 300
    assert height(page, "[aria-label=Tree]") > 200
    page.get_by_role("tab", name="thread").click()
    looker.reads("characters)").is_served_well()


def test_what_was_of_today_has_a_date_from_midnight_on(looker: Looker, client: Client) -> None:
    send(client, iter([asked(RunId("of-today"), "Is it today?")]))
    looker.page.clock.install()
    page = looker.opens("runs").reads("Is it today?").page
    today = datetime.now(UTC).date().isoformat()
    expect(page.get_by_role("list", name="Runs")).not_to_contain_text(today)
    page.context.set_offline(True)  # an answer would set the page's clock by the grid's
    page.clock.fast_forward("24:00:00")
    expect(page.get_by_role("list", name="Runs")).to_contain_text(today)


def test_times_of_the_chart_are_those_of_the_log(looker: Looker) -> None:
    page = looker.page
    zone = {"timezoneId": "Asia/Tokyo"}
    page.context.new_cdp_session(page).send("Emulation.setTimezoneOverride", zone)
    looker.opens("lag/aether.observer").reads("Behind, in seconds")
    page.wait_for_timeout(5_000)
    page.locator(".u-over").hover()
    hour = datetime.now(UTC).hour
    expected = re.compile(rf" {hour % 12 or 12}:\d\d{'pm' if hour >= 12 else 'am'}")
    expect(page.locator(".u-legend .u-value").first).to_have_text(expected)


def test_a_page_over_plain_http_does_without_what_it_is_not_given(
    looker: Looker, client: Client
) -> None:
    send(client, runs(1))
    looker.page.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', { value: undefined });"
        "crypto.randomUUID = undefined;"
    )
    page = looker.opens("runs/run-000000").reads("Payload").page
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    looker.opens("streams/aether.registry.events?view=produce").reads("Payload")
    page.get_by_label("Key (capability)").fill("poet")
    page.get_by_label("Payload").fill('{"name": 7}')
    page.get_by_role("button", name="Append to the log").click()
    expect(page.get_by_role("alert")).to_be_visible()


def height(page: Page, selector: str) -> float:
    """Return how high an element is, in pixels."""
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return box["height"]


def group(name: str) -> dict[str, Any]:
    """Return a group that works on what it has read, as the gateway tells it."""
    totals = {
        "verdict": "ok", "trend": "steady", "lag": 3, "seconds": 119.7, "in_per_s": 0,
        "out_per_s": 0, "catch_up_s": None,
    }  # fmt: skip
    partition = {
        "partition": 0, "verdict": "ok", "reason": "it works on what it has read", "end": 9,
        "committed": 6, "lag": 3, "seconds": 119.7, "method": "records",
    }  # fmt: skip
    topics = [{"topic": "aether.sessions.events", **totals, "partitions": [partition]}]
    state = {"at_ms": 1, "phase": "stable", "members": 1, "status": "ok"}
    return {"group": name, **state, **totals, "topics": topics}
