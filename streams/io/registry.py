"""The schema registry: what the grid needs of one, and the adapter for Confluent's API.

Foreign errors end here: no answer, or one that a registry would not give, is RegistryAway; a
refusal says which rule was broken. Only a registry that says so itself makes a schema unknown.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from threading import Lock
from typing import Protocol

import httpx2
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from streams.errors import IncompatibleSchema, Misconfigured, RegistryAway, UnknownSchema

#: Confluent's codes for a subject, a version and a schema that are not there.
NOT_FOUND = frozenset((40401, 40402, 40403))
INCOMPATIBLE = frozenset((HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY))
#: Beside every 5xx, what passes: a busy registry's answers, and the 404 of whatever stands in a
#: registry's place while it is away, which has none of the codes above.
PASSING = frozenset(
    (
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.NOT_FOUND,
    )
)

COMPATIBILITY = "BACKWARD_TRANSITIVE"  # replay starts at offset 0: new readers, all old records

_EVOLVE = "only add fields with defaults; never rename without an alias or narrow a type"
_URL = "set `registry.url` to a Confluent-compatible API, such as http://host:8081/apis/ccompat/v7"
_CREDENTIALS = re.compile(r"(?<=://)[^/@]*@")


class SchemaRegistry(Protocol):
    """Knows schemas by number; a number once given never changes its meaning.

    `at_once` questions may be out at a time.
    """

    at_once: int

    def check(self, subject: str, schema: str) -> None:
        """Hold `subject` to our rule of compatibility, and see whether it would take `schema`.

        Raises IncompatibleSchema if readers of the schema could not read old records.
        """

    def register(self, subject: str, schema: str) -> int:
        """Return the schema's id under `subject`, giving it one if it has none.

        Raises IncompatibleSchema if readers of the new schema could not read old records.
        """

    def id_of(self, subject: str, schema: str) -> int | None:
        """Return the schema's id if it is registered under `subject`."""

    def schema(self, schema_id: int) -> str:
        """Return the schema of an id. Raises UnknownSchema if the registry has none."""


class ConfluentRegistry:
    """Any registry that speaks Confluent's API: Apicurio's `/apis/ccompat/v7`, Confluent's own."""

    at_once = 8

    def __init__(self, url: str, timeout_s: float = 5.0) -> None:
        self.url = _CREDENTIALS.sub("", url)  # it is told in errors
        self._ruled: set[str] = set()
        self._known: dict[tuple[str, str], int] = {}
        self._there: frozenset[str] | None = None
        self._listing = Lock()
        try:
            self._client = SchemaRegistryClient(
                {"url": url, "timeout": timeout_s, "max.retries": 1, "retries.wait.ms": 100}
            )
        except ValueError:  # it would tell the password
            raise Misconfigured(f"{self.url!r} is no address of a registry", fix=_URL) from None

    def check(self, subject: str, schema: str) -> None:
        """Set the rule, then ask; a subject that is not there yet takes everything."""
        if subject not in self._subjects():
            self._set_rule(subject)
            return
        self._rule(subject)
        if self.id_of(subject, schema) is not None:
            return
        attempt = f"see whether {subject} would take a new schema"
        try:
            with self._translated(attempt):
                tried = Schema(schema, "AVRO")
                taken = self._client.test_compatibility_all_versions(subject, tried)
        except UnknownSchema:
            return
        if not taken:
            raise IncompatibleSchema(f"{subject} would not take this version's schema", fix=_EVOLVE)

    def register(self, subject: str, schema: str) -> int:
        """Register under `subject`, whose rule stands before anything is registered there."""
        self._rule(subject)
        if (known := self._known.get((subject, schema))) is not None:
            return known
        with self._translated(f"register {subject}"):
            return self._client.register_schema(subject, Schema(schema, "AVRO"))

    def id_of(self, subject: str, schema: str) -> int | None:
        """Look the schema up; neither subject nor schema is created."""
        try:
            with self._translated(f"look up {subject}"):
                found = self._client.lookup_schema(subject, Schema(schema, "AVRO")).schema_id
        except UnknownSchema:
            return None
        if found is not None:
            self._known[subject, schema] = found
        return found

    def schema(self, schema_id: int) -> str:
        """Fetch a schema by its id."""
        with self._translated(f"fetch schema {schema_id}"):
            found = self._client.get_schema(schema_id).schema_str
        if found is None:
            raise RegistryAway(f"{self.url} answers without a text for schema {schema_id}")
        return found

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _rule(self, subject: str) -> None:
        """Set our rule of compatibility; a subject need not be there to have one."""
        if subject in self._ruled:
            return
        try:
            with self._translated(f"ask for the compatibility of {subject}"):
                ruled = self._client.get_compatibility(subject) == COMPATIBILITY
        except UnknownSchema:
            ruled = False
        if ruled:
            self._ruled.add(subject)
        else:
            self._set_rule(subject)

    def _set_rule(self, subject: str) -> None:
        with self._translated(f"set the compatibility of {subject}"):
            self._client.set_compatibility(subject_name=subject, level=COMPATIBILITY)
        self._ruled.add(subject)

    def _subjects(self) -> frozenset[str]:
        """Return what was there when it was first asked for: a question less for each new one."""
        with self._listing:
            if self._there is None:
                with self._translated("list the subjects"):
                    self._there = frozenset(self._client.get_subjects())
            return self._there

    @contextmanager
    def _translated(self, attempt: str) -> Iterator[None]:
        try:
            yield
        except SchemaRegistryError as exc:
            raise self._refusal(attempt, exc) from exc
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as exc:
            raise Misconfigured(f"could not {attempt} at {self.url}: {exc}", fix=_URL) from exc
        except (httpx2.HTTPError, OSError) as exc:
            raise RegistryAway(
                f"could not {attempt}: no answer from {self.url} ({exc})",
                fix="check that the registry runs: `aether status`",
            ) from exc
        except (ValueError, TypeError, AttributeError, LookupError) as exc:
            raise RegistryAway(
                f"could not {attempt}: {self.url} gives no registry's answer ({exc})",
                fix="check what answers at `registry.url`",
            ) from exc

    def _refusal(self, attempt: str, exc: SchemaRegistryError) -> Exception:
        status = exc.http_status_code
        told = f"could not {attempt}: {self.url} says {status} {str(exc.error_message)[:500]}"
        if status == HTTPStatus.NOT_FOUND and exc.error_code in NOT_FOUND:
            return UnknownSchema(told)
        if status in INCOMPATIBLE and exc.error_code != SchemaRegistryError.UNKNOWN:
            return IncompatibleSchema(told, fix=_EVOLVE)
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return Misconfigured(told, fix="check the user and password in `registry.url`")
        if status < HTTPStatus.BAD_REQUEST:
            return Misconfigured(f"{told}, which leads elsewhere", fix=_URL)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in PASSING:
            return RegistryAway(told, fix="check that the registry runs: `aether status`")
        return Misconfigured(told, fix=_URL)
