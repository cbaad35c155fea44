"""`/asyncapi.json`: every topic and event as AsyncAPI 3.1 with Kafka bindings, from the schemas.

It names no server: topics and schemas are the same wherever a grid runs.
"""

import json
from functools import cache
from importlib.metadata import version
from typing import Any

from streams import envelope as env
from streams.events import AREAS
from streams.events.offered import OFFERED
from streams.io import schemas
from streams.io.codec import area_of
from streams.topics import TOPICS, Topic

BINDING = "0.5.0"
AVRO = "application/vnd.apache.avro;version=1.9.0"
_HEADERS = {
    env.ID: "UUIDv7 at the edge, UUIDv5 of its cause if derived; the first of an id counts",
    env.TYPE: "aether.{area}.{Event}.v{n}",
    env.SOURCE: "/aether/{node}/{component}",
    env.TIME: "RFC 3339, UTC",
    env.SPEC_VERSION[0]: "1.0",
    env.CORRELATION: "the run",
    env.CAUSATION: "ce_id of the direct cause; absent on roots",
    env.DATA_REFERENCE: "content address of a payload over 256 KiB",
    env.CAUSE: "offset/index/count of the decision; written by deciders alone",
    env.PROCESSOR: "name and version of who decided it; written by the grid alone",
}


@cache
def asyncapi() -> dict[str, Any]:
    """Return the whole description."""
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Aether Grid events",
            "version": version("aether-grid"),
            "description": "Records are Avro in the Confluent wire format, keyed by their stream, "
            "partitioned by murmur2, with CloudEvents 1.0 headers in binary mode.",
        },
        "defaultContentType": AVRO,
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": dict(_operation(t, verb) for t in TOPICS for verb in _verbs(t)),
        "components": {
            "messages": {
                schemas.full_name(kind): _message(topic, kind)
                for topic in TOPICS
                for kind in AREAS[area_of(topic)]
            }
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    policy = {"cleanup.policy": ["delete"], "retention.ms": _retention(topic)}
    kafka = {
        "topic": topic.name,
        "partitions": topic.partitions,
        "topicConfiguration": policy,
        "bindingVersion": BINDING,
    }
    names = [schemas.full_name(kind) for kind in AREAS[area_of(topic)]]
    return {
        "address": topic.name,
        "description": f"Streams keyed by {topic.key}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"kafka": kafka},
    }


def _retention(topic: Topic) -> int:
    return -1 if topic.retention_ms is None else topic.retention_ms


def _verbs(topic: Topic) -> list[str]:
    """Return what the grid does with a topic: it receives what clients may write, and sends all."""
    return ["receive", "send"] if topic.name in OFFERED else ["send"]


def _operation(topic: Topic, verb: str) -> tuple[str, dict[str, Any]]:
    kinds = OFFERED[topic.name] if verb == "receive" else AREAS[area_of(topic)]
    channel = f"#/channels/{topic.name}"
    return f"{verb}.{topic.name}", {
        "action": verb,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{schemas.full_name(kind)}"} for kind in kinds],
    }


def _message(topic: Topic, kind: type) -> dict[str, Any]:
    schema = json.loads(schemas.text_of(kind))
    key = {"type": "string", "description": f"the {topic.key}, in UTF-8"}
    return {
        "name": schemas.ce_type(kind),
        "title": kind.__name__,
        "summary": schema.get("doc", ""),
        "contentType": AVRO,
        "headers": {
            "type": "object",
            "properties": {n: {"type": "string", "description": d} for n, d in _HEADERS.items()},
        },
        "payload": {"schemaFormat": AVRO, "schema": schema},
        "bindings": {
            "kafka": {
                "key": key,
                "schemaIdLocation": "payload",
                "schemaIdPayloadEncoding": "confluent",
                "schemaLookupStrategy": "TopicRecordNameStrategy",
                "bindingVersion": BINDING,
            }
        },
    }
