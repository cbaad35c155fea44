"""A Kafka that lets nobody in without a name: SCRAM and OAuth, plainly or over TLS; access control.

A listener without either is for the operator alone: the registry, and what prepares the log.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from engines.install import Installed
from engines.kafka import KafkaFiles, kafka
from engines.ports import LOOPBACK, free_port
from engines.registry import api_url, registry
from engines.service import Service
from engines.supervisor import Supervisor
from streams.access import Resource, Right
from streams.io.kafka.access import grant
from tests.engines_fixtures import alone
from tests.integration.secured.certificate import Certificate, certified
from tests.integration.secured.tokens import AUDIENCE, ISSUER, Account, Tokens

#: Who may come in by SCRAM, and by OAuth; an account's tokens say who it is.
USERS = {"ada": "ada_secret", "grid": "grid_secret", "node": "node_secret"}
ACCOUNTS = {
    "ada-oauth": Account("ada_oauth_secret"),
    "grid-oauth": Account("grid_oauth_secret"),
    "late-oauth": Account("late_secret", valid_s=-60),
}
#: Who may do what they like; all others have to be given their rights.
TRUSTED = ("ada", "ada-oauth", "grid-oauth")
SECRETS = (*USERS.values(), *(account.secret for account in ACCOUNTS.values()), "wrong_secret")
_SECURED = """
listeners={advertised},CONTROLLER://{host}:{controller_port}
advertised.listeners={advertised}
listener.security.protocol.map=\
CLIENT:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SASL_SSL,CONTROLLER:PLAINTEXT
listener.name.tls.ssl.keystore.type=PEM
listener.name.tls.ssl.keystore.location={keystore}
sasl.oauthbearer.jwks.endpoint.url={keys}
sasl.oauthbearer.expected.audience={audience}
sasl.oauthbearer.expected.issuer={issuer}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""
_ADVERTISED = "CLIENT://{host}:{port},SASL://{host}:{sasl_port},TLS://{host}:{tls_port}"
#: What each door that asks who comes in has in its configuration.
_ASKING = """
listener.name.{door}.sasl.enabled.mechanisms=SCRAM-SHA-512,OAUTHBEARER
listener.name.{door}.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.{door}.oauthbearer.sasl.jaas.config=\
org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;
listener.name.{door}.oauthbearer.sasl.server.callback.handler.class=\
org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler
"""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where it is reached; `plain` is the operator's door, who may do everything."""

    plain: str
    sasl: str
    tls: str
    authority: Path
    registry_url: str
    tokens: Tokens

    def scram(self, user: str, password: str) -> dict[str, str]:
        """Return librdkafka's options for a user."""
        return {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": user,
            "sasl.password": password,
        }

    def oauth(self, client: str, secret: str) -> dict[str, str]:
        """Return librdkafka's options for a client of the identity provider."""
        return {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "OAUTHBEARER",
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.client.id": client,
            "sasl.oauthbearer.client.secret": secret,
            "sasl.oauthbearer.token.endpoint.url": self.tokens.url,
        }


@contextmanager
def broker_running(folder: Path, installed: Installed) -> Iterator[Broker]:
    """Run the broker, its registry and the identity provider."""
    with ExitStack() as running:
        tokens = running.enter_context(Tokens(ACCOUNTS, folder / "keys.json").serving())
        certificate = certified(folder)
        ports = {name: free_port() for name in ("port", "sasl_port", "tls_port", "controller_port")}
        files = KafkaFiles(
            jars=installed.kafka, directory=folder / "kafka", log=folder / "kafka.log"
        )
        service = kafka(
            files,
            port=ports["port"],
            controller_port=ports["controller_port"],
            environment=os.environ,
        )
        running.enter_context(
            Supervisor([_secured(service, files, ports, tokens, certificate)])
        ).start()
        plain = f"{LOOPBACK}:{ports['port']}"
        _enroll(plain)
        at = free_port()
        registered = registry(
            installed.registry,
            port=at,
            management_port=free_port(),
            kafka_port=ports["port"],
            log=folder / "registry.log",
            environment=os.environ,
        )
        running.enter_context(Supervisor([alone(registered)])).start()
        sasl, tls = (f"{LOOPBACK}:{ports[door]}" for door in ("sasl_port", "tls_port"))
        yield Broker(plain, sasl, tls, certificate.authority, api_url(at), tokens)


def _secured(
    service: Service,
    files: KafkaFiles,
    ports: Mapping[str, int],
    tokens: Tokens,
    certificate: Certificate,
) -> Service:
    """Return an embedded Kafka whose configuration ends with what secures it."""
    keys = tokens.keys.as_uri()
    text = _SECURED.format(
        advertised=_ADVERTISED.format(host=LOOPBACK, **ports),
        host=LOOPBACK,
        controller_port=ports["controller_port"],
        keystore=certificate.keystore,
        keys=keys,
        audience=AUDIENCE,
        issuer=ISSUER,
    ) + "".join(_ASKING.format(door=door) for door in ("sasl", "tls"))

    def prepare() -> None:
        service.prepare()
        with files.properties.open("a", encoding="utf-8") as properties:
            properties.write(text)

    allowed = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={keys}"
    environment = {**service.environment, "JDK_JAVA_OPTIONS": allowed}
    return replace(service, prepare=prepare, environment=environment)


def _enroll(bootstrap: str) -> None:
    """Let the users in."""
    wanted: list[Any] = [
        UserScramCredentialUpsertion(
            user, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), password.encode()
        )
        for user, password in USERS.items()
    ]
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for done in admin.alter_user_scram_credentials(wanted).values():
        done.result()
    for who in TRUSTED:
        grant(bootstrap, {}, f"User:{who}", [Right(kind, "*", ("all",)) for kind in Resource])
