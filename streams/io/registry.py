"""The schema registry: what the grid needs of one, and the adapter for Confluent's API.

Foreign errors end here: no answer is RegistryAway, a refusal says which rule was broken.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Protocol

import httpx2
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from streams.errors import IncompatibleSchema, RegistryAway, UnknownSchema

COMPATIBILITY = "BACKWARD_TRANSITIVE"  # replay starts at offset 0: new readers, all old records


class SchemaRegistry(Protocol):
    """Knows schemas by number; a number once given never changes its meaning."""

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

    def __init__(self, url: str, timeout_s: float = 5.0) -> None:
        self.url = url
        self._client = SchemaRegistryClient(
            {"url": url, "timeout": timeout_s, "max.retries": 1, "retries.wait.ms": 100}
        )

    def register(self, subject: str, schema: str) -> int:
        """Register under `subject` with our compatibility rule, which is set on a new subject."""
        with self._translated(f"register {subject}"):
            if not self._is_known(subject):
                return self._first(subject, schema)
            return self._client.register_schema(subject, Schema(schema, "AVRO"))

    def id_of(self, subject: str, schema: str) -> int | None:
        """Look the schema up; neither subject nor schema is created."""
        with self._translated(f"look up {subject}"):
            try:
                return self._client.lookup_schema(subject, Schema(schema, "AVRO")).schema_id
            except SchemaRegistryError as exc:
                if exc.http_status_code == HTTPStatus.NOT_FOUND:
                    return None
                raise

    def schema(self, schema_id: int) -> str:
        """Fetch a schema by its id."""
        with self._translated(f"fetch schema {schema_id}"):
            found = self._client.get_schema(schema_id).schema_str
        if found is None:
            raise UnknownSchema(f"the registry at {self.url} has no text for schema {schema_id}")
        return found

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _is_known(self, subject: str) -> bool:
        return subject in self._client.get_subjects(subject_prefix=subject)

    def _first(self, subject: str, schema: str) -> int:
        schema_id = self._client.register_schema(subject, Schema(schema, "AVRO"))
        self._client.set_compatibility(subject_name=subject, level=COMPATIBILITY)
        return schema_id

    @contextmanager
    def _translated(self, attempt: str) -> Iterator[None]:
        try:
            yield
        except SchemaRegistryError as exc:
            raise self._refusal(attempt, exc) from exc
        except (httpx2.HTTPError, OSError) as exc:
            raise RegistryAway(
                f"could not {attempt}: no answer from {self.url} ({exc})",
                fix="check that the registry runs: `aether status`",
            ) from exc

    def _refusal(self, attempt: str, exc: SchemaRegistryError) -> Exception:
        status = exc.http_status_code
        if status == HTTPStatus.NOT_FOUND:
            return UnknownSchema(f"could not {attempt}: {self.url} says {exc.error_message}")
        if status in (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY):
            return IncompatibleSchema(
                f"could not {attempt}: {exc.error_message}",
                fix="only add fields with defaults; never rename without an alias or narrow a type",
            )
        return RegistryAway(f"could not {attempt}: {self.url} says {status} {exc.error_message}")
