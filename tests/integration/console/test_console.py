"""The console in a real Chromium: with nothing, with much, and while its gateway is gone."""

from functools import partial

import pytest
from playwright.sync_api import Locator, expect

from streams.events.healing import Action, BreakerOpened, HealingRefused
from streams.ids import EventId, RunId, derived
from streams.io.client import Client
from streams.topics import OBSERVATIONS
from tests.integration.console.conftest import Door
from tests.integration.console.history import asked, ended, long_run, runs, send
from tests.integration.console.looked_at import GENEROUS_MS, Looker
from tests.integration.grid.harness import Grid, wait_until

pytestmark = pytest.mark.integration

expect.set_options(timeout=GENEROUS_MS)

RUNS, LONG = 10_000, 2_000
LONG_RUN = RunId("a-long-run")
#: More than fits on a screen, and far fewer than there are: what keeps a page quick.
DRAWN_MAX = 450
HEIGHT = "box => box.firstChild.offsetHeight"


@pytest.fixture(scope="package")
def much(gateway: Door, grid: Grid) -> None:
    """Many runs, and one with many events."""
    with Client(grid.settings) as client:
        send(client, runs(RUNS))
        send(client, long_run(LONG_RUN, LONG))


def test_a_grid_that_nobody_asked_anything_says_what_to_try(looker: Looker) -> None:
    looker.opens().reads("Nothing was asked yet", "No run failed").is_served_well()
    looker.opens("runs").reads("Nothing was asked yet").is_served_well()
    looker.opens("streams/aether.forks.events").reads("No record from here on").is_served_well()
    looker.opens("runs/nothing").reads("no event of run").is_served_well()
    looker.opens("nowhere").reads("There is no page").is_served_well()


@pytest.mark.usefixtures("much")
def test_the_overview_says_in_a_sentence_how_the_grid_is(looker: Looker) -> None:
    looker.opens().reads("live", "What reads what", "Question number")
    looker.reads("keep").is_served_well()


@pytest.mark.usefixtures("much")
def test_the_overview_says_what_was_done_about_trouble(looker: Looker, client: Client) -> None:
    refused = HealingRefused(
        action=Action.SCALE, target="readers", at_ms=1, reason="not_here", detail="not run here"
    )
    opened = BreakerOpened(
        target="model/gpt",
        at_ms=1,
        until_ms=2,
        since_ms=1,
        calls=9,
        failed=8,
        reason="8 of 9 failed",
    )
    for event in (refused, opened):
        event_id = EventId(derived("notable", event.target))
        client.send(OBSERVATIONS, event.target, event, event_id)
    client.flush()
    looker.opens().reads("scale readers: not run here", "model/gpt: 8 of 9 failed")


@pytest.mark.usefixtures("much")
def test_runs_are_found_filtered_and_opened_with_the_keyboard(looker: Looker) -> None:
    page = looker.opens("runs").reads("Question number").page
    looker.is_served_well()
    page.keyboard.press("/")
    page.keyboard.type("number 4242")
    looker.reads("Question number 4242?")
    assert page.url.endswith("q=number+4242")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    looker.reads("Payload")
    assert page.url.endswith("/console/runs/run-004242")
    page.go_back()
    expect(page.get_by_label("Words of the question")).to_have_value("number 4242")
    looker.opens("runs?outcome=failed").reads("model_failed")
    page.keyboard.press("?")
    looker.reads("go to Streams")


@pytest.mark.usefixtures("much")
def test_who_is_chosen_stays_chosen_when_others_come_in_front(
    looker: Looker, client: Client
) -> None:
    page = looker.opens("runs").reads("Question number").page
    page.keyboard.press("j")
    chosen = page.locator("[aria-label=Runs] .chosen")
    before = chosen.text_content()
    send(client, iter([asked(RunId("a-newer-run"), "What is new?")]))
    looker.reads("What is new?")
    assert chosen.text_content() == before
    send(client, iter([ended(RunId("a-newer-run"), False)]))


@pytest.mark.usefixtures("much")
def test_what_was_asked_is_to_be_read_in_a_narrow_window_too(looker: Looker) -> None:
    looker.page.set_viewport_size({"width": 420, "height": 850})
    page = looker.opens("runs").reads("Question number").page
    question = page.get_by_role("list", name="Runs").get_by_text("Question number").first
    box = question.bounding_box()
    assert box is not None
    assert box["width"] > 120
    looker.is_served_well()


@pytest.mark.usefixtures("much")
def test_of_many_runs_only_those_in_sight_are_drawn_and_more_come_on_scrolling(
    looker: Looker,
) -> None:
    page = looker.opens("runs").reads("Question number").page
    rows = page.get_by_role("list", name="Runs")
    for _ in range(5):  # each brings the next page
        before = rows.evaluate(HEIGHT)
        rows.evaluate("box => { box.scrollTop = 1e9 }")
        wait_until(partial(grew, rows, before), 60, "the next page")
    assert 0 < rows.get_by_role("listitem").count() < DRAWN_MAX


@pytest.mark.usefixtures("much")
def test_a_run_of_two_thousand_events_is_shown_in_every_view(looker: Looker) -> None:
    page = looker.opens(f"runs/{LONG_RUN}").reads(f"{LONG:,} events", "How long can this").page
    for view in ("timeline", "lanes", "thread", "tree"):
        tab = page.get_by_role("tab", name=view)
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        drawn = page.get_by_role("tabpanel").locator("[role=option], .dot, li").count()
        assert 0 < drawn < DRAWN_MAX
        looker.is_served_well()
    slider = page.get_by_role("slider")
    slider.fill("2")
    looker.reads(f"2 / {LONG}", "Part 0.")


@pytest.mark.usefixtures("much")
def test_records_are_read_from_anywhere_and_told_to_their_last_field(looker: Looker) -> None:
    page = looker.opens("streams/aether.sessions.events").reads("RequestReceived").page
    looker.is_served_well()
    page.get_by_role("button", name="earliest").click()
    looker.reads("looked at")
    page.get_by_label("Kind of event").select_option("RunFailed")
    page.get_by_role("listbox").get_by_text("RunFailed").first.click()
    looker.reads("the model broke")
    page.get_by_role("tab", name="schema").click()
    page.get_by_role("button", name="RequestReceived").click()
    looker.reads("array of Message").is_served_well()


def test_what_the_form_cannot_say_is_refused_by_field_and_the_rest_is_appended(
    looker: Looker, client: Client
) -> None:
    page = looker.opens("streams/aether.registry.events?view=produce").reads("Payload").page
    looker.is_served_well()
    page.get_by_label("Key (capability)").fill("poet")
    payload = page.get_by_label("Payload")
    payload.fill("{")
    page.get_by_role("button", name="Append to the log").click()
    looker.reads("The payload is no JSON")
    payload.fill('{"name": 7}')
    page.get_by_role("button", name="Append to the log").click()
    looker.reads("name")


@pytest.mark.usefixtures("much")
def test_lag_is_told_in_words_seconds_and_pictures(looker: Looker) -> None:
    page = looker.opens("lag").reads("aether.").page
    page.get_by_role("link", name="aether.").first.click()
    looker.reads("Behind, in seconds", "how known").is_served_well()
    page.emulate_media(color_scheme="dark")
    looker.is_served_well()


@pytest.mark.usefixtures("much")
def test_a_gateway_that_goes_is_seen_and_one_that_comes_back_is_followed_on(
    looker: Looker, gateway: Door, client: Client
) -> None:
    page = looker.opens("runs").reads("live", "Question number").page
    gateway.role.kill()
    looker.reads("away")
    expect(page.get_by_role("alert")).to_be_visible()
    gateway.role.start()
    looker.reads("live")
    send(client, iter([asked(RunId("after"), "Are you back?")]))
    looker.reads("Are you back?")


def grew(rows: Locator, before: float) -> bool:
    """Whether a list has become longer."""
    return bool(rows.evaluate(HEIGHT) > before)
