"""The grid's own client comes in by a password and by a token, or says that it is refused."""

import json
from pathlib import Path

import pytest

from tests.integration.grid.front import Done, Front
from tests.integration.secured.broker import ACCOUNTS, SECRETS, USERS, Broker
from tests.integration.secured.certificate import certified

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

LIST = ("topic", "list", "-o", "jsonl")


def listed(broker: Broker, folder: Path, options: dict[str, str]) -> Done:
    """List the grid's topics with some `kafka.options`; nothing secret is said."""
    door = broker.tls if "ssl.ca.location" in options else broker.sasl
    given = {"AETHER_KAFKA__BOOTSTRAP": door, "AETHER_KAFKA__OPTIONS": json.dumps(options)}
    done = Front(folder).run(*LIST, **given)
    assert [secret for secret in SECRETS if secret in done.out + done.err] == []
    return done


def encrypted(options: dict[str, str], authority: Path) -> dict[str, str]:
    """Come in the same way over TLS, if an authority vouches for the broker."""
    return {**options, "security.protocol": "SASL_SSL", "ssl.ca.location": str(authority)}


@pytest.mark.parametrize("way", ["password", "token", "password over TLS"])
def test_the_grid_comes_in(broker: Broker, tmp_path: Path, way: str) -> None:
    password = broker.scram("grid", USERS["grid"])
    given = {
        "password": password,
        "password over TLS": encrypted(password, broker.authority),
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


def test_the_grid_tells_nothing_to_a_broker_that_nobody_vouches_for(
    broker: Broker, tmp_path: Path
) -> None:
    stranger = certified(tmp_path).authority
    done = listed(broker, tmp_path, encrypted(broker.scram("grid", USERS["grid"]), stranger))
    assert done.code == 2
    assert "certificate verify failed" in done.err
    assert "check `security.protocol` and `ssl.ca.location` in `kafka.options`" in done.err
