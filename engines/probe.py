"""Whether a server on this machine answers; every question is short, and none goes to a proxy."""

import socket
import struct
from http.client import HTTPConnection, HTTPException

from engines.ports import LOOPBACK

_PATIENCE_S = 0.5
# A Kafka request without a body: length, API key 18 (ApiVersions), version 0, correlation 0, no
# client id. The answer: length, correlation, error code.
_API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 0, -1)
_ANSWER = struct.Struct(">iih")


def http_answers(port: int, path: str) -> bool:
    """Whether `path` is answered with a status below 300."""
    connection = HTTPConnection(LOOPBACK, port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 300
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def kafka_answers(port: int) -> bool:
    """Whether a broker serves clients: it binds their listener only once it is not fenced."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=_PATIENCE_S) as connection:
            connection.sendall(_API_VERSIONS)
            answer = connection.makefile("rb").read(_ANSWER.size)
        _length, _correlation, error = _ANSWER.unpack(answer)
        return bool(error == 0)
    except (OSError, struct.error):
        return False
