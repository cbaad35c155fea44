"""Rights as Kafka's access control lists, which its StandardAuthorizer enforces."""

from collections.abc import Iterable

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from streams.access import Right
from streams.io.kafka.errors import translate
from streams.io.kafka.log import QUIET, Options

TIMEOUT_S = 30.0
FROM_ANYWHERE = "*"


def grant(bootstrap: str, options: Options, principal: str, rights: Iterable[Right]) -> int:
    """Give a principal, such as `User:ada`, some rights; return how many entries that are.

    What it has already is no error. Raises BrokerAway, and Misconfigured for who may not do this.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap, **QUIET, **options})
    wanted = [
        _binding(principal, right, operation) for right in rights for operation in right.operations
    ]
    for done in admin.create_acls(wanted, request_timeout=TIMEOUT_S).values():
        try:
            done.result()
        except KafkaException as exc:
            raise translate(exc, f"give rights to {principal}") from exc
    return len(wanted)


def _binding(principal: str, right: Right, operation: str) -> AclBinding:
    pattern = ResourcePatternType.PREFIXED if right.prefixed else ResourcePatternType.LITERAL
    return AclBinding(
        ResourceType[right.resource.name],
        right.name,
        pattern,
        principal,
        FROM_ANYWHERE,
        AclOperation[operation.upper()],
        AclPermissionType.ALLOW,
    )
