"""Every language comes in plainly, by a password, by a token, and over TLS; who is refused hears.

What it hears is its language's error for that, and nothing of what is secret, wherever it is said.
"""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conformance.clients import CLIENTS, Client, language_of
from tests.integration.secured.broker import ACCOUNTS, SECRETS, USERS, Broker
from tests.integration.secured.certificate import certified

pytestmark = [pytest.mark.integration, pytest.mark.timeout(2_000)]
each_client = pytest.mark.parametrize("client", CLIENTS, ids=language_of)

#: Whoever is not told at once waits for a minute, and then says something else.
LATE_S = 120.0
WRONG = "wrong_secret"


class Who(NamedTuple):
    """The variables of an agent, and where it knocks."""

    kafka: str
    variables: Mapping[str, str]


def plainly(broker: Broker) -> Who:
    """Come in by the door where nobody is asked."""
    return Who(broker.plain, {})


def by_password(broker: Broker, user: str, password: str) -> Who:
    """Come in by SCRAM."""
    given = {"AETHER_SASL": "SCRAM-SHA-512", "AETHER_USER": user, "AETHER_PASSWORD": password}
    return Who(broker.sasl, given)


def by_token(broker: Broker, client: str, secret: str) -> Who:
    """Come in by OAuth."""
    given = {"AETHER_SASL": "OAUTHBEARER", "AETHER_USER": client, "AETHER_PASSWORD": secret}
    return Who(broker.sasl, {**given, "AETHER_TOKEN_URL": broker.tokens.url})


def over_tls(broker: Broker, who: Who, authority: Path | None = None) -> Who:
    """Come in the same way by the door that is encrypted, if an authority vouches for it."""
    trusted = str(authority or broker.authority)
    return Who(broker.tls, {**who.variables, "AETHER_CA": trusted})


def ran(
    client: Client, broker: Broker, who: Who, *command: str
) -> "subprocess.CompletedProcess[str]":
    """Run an agent to its end. What it says holds no secret; nor does its log."""
    done = subprocess.run(
        [*client.agent, who.kafka, broker.registry_url, *command],
        cwd=client.folder,
        env={**client.environment, **who.variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LATE_S,
        check=False,
    )
    told = done.stdout + done.stderr
    assert [secret for secret in SECRETS if secret in told] == []
    return done


def said(client: Client, broker: Broker, who: Who, *command: str) -> Any:
    """Run an agent that ends well, and return what it says."""
    done = ran(client, broker, who, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@each_client
def test_a_client_comes_in_and_follows_what_it_produced(ready: Client, broker: Broker) -> None:
    password = by_password(broker, "ada", USERS["ada"])
    token = by_token(broker, "ada-oauth", ACCOUNTS["ada-oauth"].secret)
    doors = {
        "plain": plainly(broker),
        "password": password,
        "token": token,
        "password over TLS": over_tls(broker, password),
        "token over TLS": over_tls(broker, token),
    }
    for door, who in doors.items():
        key = f"{ready.language}-{door}"
        echoed = said(ready, broker, who, "echo", key)
        assert (echoed["key"], echoed["same"]) == (key, True)
        assert said(ready, broker, who, "hear", str(echoed["partition"]))["key"]


@each_client
def test_a_broker_that_nobody_vouches_for_is_told_nothing(
    ready: Client, broker: Broker, tmp_path: Path
) -> None:
    stranger = certified(tmp_path).authority
    who = over_tls(broker, by_password(broker, "ada", USERS["ada"]), stranger)
    for command in (("echo", "nobody"), ("hear", "0")):
        assert list(said(ready, broker, who, *command)) == ["denied"], command


@each_client
def test_who_is_refused_is_told_so_whatever_it_wanted(ready: Client, broker: Broker) -> None:
    ways = [("echo", "nobody"), ("hear", "0"), ("drain",), ("serve", "nobody")]
    refused = [
        (by_password(broker, "ada", WRONG), ways),
        (by_token(broker, "ada-oauth", WRONG), ways[:2]),
        (by_token(broker, "late-oauth", ACCOUNTS["late-oauth"].secret), ways[:2]),
    ]
    for who, commands in refused:
        for command in commands:
            assert list(said(ready, broker, who, *command)) == ["denied"], command


@each_client
def test_nothing_secret_is_printed_by_mistake(ready: Client, broker: Broker) -> None:
    for who in (
        by_password(broker, "ada", USERS["ada"]),
        by_token(broker, "ada-oauth", ACCOUNTS["ada-oauth"].secret),
    ):
        assert list(said(ready, broker, who, "show")) == ["shown"]
