"""The grid's own client comes in by a password and by a token, or says that it is refused."""

import json
from pathlib import Path

import pytest

from tests.integration.grid.front import Done, Front
from tests.integration.secured.broker import ACCOUNTS, SECRETS, USERS, Broker

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

LIST = ("topic", "list", "-o", "jsonl")


def listed(broker: Broker, folder: Path, options: dict[str, str]) -> Done:
    """List the grid's topics with some `kafka.options`; nothing secret is said."""
    given = {"AETHER_KAFKA__BOOTSTRAP": broker.sasl, "AETHER_KAFKA__OPTIONS": json.dumps(options)}
    done = Front(folder).run(*LIST, **given)
    assert [secret for secret in SECRETS if secret in done.out + done.err] == []
    return done


@pytest.mark.parametrize("way", ["password", "token"])
def test_the_grid_comes_in(broker: Broker, tmp_path: Path, way: str) -> None:
    given = {
        "password": broker.scram("grid", USERS["grid"]),
        "token": broker.oauth("grid-oauth", ACCOUNTS["grid-oauth"].secret),
    }
    done = listed(broker, tmp_path, given[way])
    assert done.code == 0, done
    assert "aether.sessions.events" in {row["topic"] for row in done.rows}


@pytest.mark.parametrize("way", ["password", "token", "expired"])
def test_the_grid_is_told_that_it_is_refused(broker: Broker, tmp_path: Path, way: str) -> None:
    given = {
        "password": broker.scram("grid", "wrong_secret"),
        "token": broker.oauth("grid-oauth", "wrong_secret"),
        "expired": broker.oauth("late-oauth", ACCOUNTS["late-oauth"].secret),
    }
    done = listed(broker, tmp_path, given[way])
    assert done.code == 2
    assert "the broker refuses these credentials or rights; check `kafka.options`" in done.err
