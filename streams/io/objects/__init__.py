"""Where payloads too large for a record lie: by content, in a directory or an S3 bucket."""

import hashlib
from typing import Protocol

from streams.errors import Unacceptable, Undecodable

#: No object is larger: a record of this size becomes some gigabytes of objects in memory at worst.
OBJECT_MAX = 32 * 1024 * 1024

ADDRESS_PREFIX = "sha256:"


class ObjectStore(Protocol):
    """Keeps bytes under the hash of their content, so that nothing is ever overwritten."""

    def put(self, content: bytes) -> str:
        """Keep `content` durably and return its address, `sha256:<hex>`.

        Raises StoreAway, Misconfigured for keys or a place that are refused, and Unacceptable for
        more than OBJECT_MAX bytes.
        """

    def get(self, address: str) -> bytes:
        """Return the content of an address.

        Raises StoreAway and Misconfigured, NotStored if it is missing, Undecodable if it is no
        longer what its address says, and Unacceptable for more than OBJECT_MAX bytes.
        """


def address_of(content: bytes) -> str:
    """Return the address of some content."""
    return ADDRESS_PREFIX + hashlib.sha256(content).hexdigest()


def name_in(address: str) -> str:
    """Return the name an address gives an object: two levels, so that no folder grows too large.

    Raises Undecodable if it is no address; a foreign producer may have written anything there.
    """
    digest = address.removeprefix(ADDRESS_PREFIX)
    if digest == address or len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise Undecodable(f"{address[:80]!r} is not a content address of the form sha256:<hex>")
    return f"{digest[:2]}/{digest}"


def sized(address: str, size: int) -> None:
    """Raise Unacceptable for an object that is too large to be read into memory."""
    if size > OBJECT_MAX:
        raise Unacceptable(f"the object at {address} has {size} bytes; {OBJECT_MAX} are allowed")


def checked(address: str, content: bytes) -> bytes:
    """Return `content` if it is what `address` says; raises Undecodable otherwise."""
    if address_of(content) != address:
        raise Undecodable(f"the object at {address} was altered: it now is {address_of(content)}")
    return content
