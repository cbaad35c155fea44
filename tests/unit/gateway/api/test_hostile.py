"""What a client may get wrong below the level of events: sizes, encodings, headers, patience."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.api.events import BODY_MAX
from tests.unit.gateway.api.events import DATA, PATH, STRUCTURED, headers, written
from tests.unit.gateway.api.test_produce import problem
from tests.unit.gateway.door import CHAT, opened

MIB = 1_048_576


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b" " * 65_536


async def test_a_body_of_2_mb_is_refused_and_memory_stays_flat(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        tracemalloc.start()
        try:
            for _ in range(20):
                answer = await door.http.post(PATH, content=pieces(32), headers=STRUCTURED)
                assert problem(answer)[:2] == (413, "invalid_request")
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert written(door) == []
    assert held < 4 * MIB


async def test_a_body_that_says_that_it_is_too_large_is_not_read(tmp_path: Path) -> None:
    async with opened(tmp_path) as door, asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        head = f"POST {PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {BODY_MAX + 1}\r\n\r\n"
        writer.write(head.encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        writer.close()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe{}", b'{"id": "\xff"}', b'{"a": NaN}', b"[" * 2_000]
)
async def test_what_is_not_json_in_utf_8_is_said_to_be_none(content: bytes, tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        answer = await door.http.post(PATH, content=content, headers=STRUCTURED)
        assert written(door) == []
    assert problem(answer)[:2] == (400, "invalid_request")


async def test_an_attribute_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        given = {**headers(), "ce-subject": "%FF%FE"}
        answer = await door.http.post(PATH, json=DATA, headers=given)
        assert written(door) == []
    assert problem(answer) == (400, "invalid_request", ["ce-subject"])


async def test_10_000_headers_are_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as door, asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        many = "".join(f"ce-x{n}: {n}\r\n" for n in range(10_000))
        writer.write(f"POST {PATH} HTTP/1.1\r\nhost: localhost\r\n{many}\r\n".encode())
        status = int((await reader.readline()).split()[1])
        writer.close()
        assert status in (400, 431)
        assert written(door) == []
        assert (await door.http.get("/livez")).status_code == 200


@pytest.mark.parametrize("path", [PATH, CHAT, "/api/feedback"])
async def test_a_body_that_comes_too_slowly_is_not_waited_for(path: str, tmp_path: Path) -> None:
    async with opened(tmp_path, body_timeout_s=0.2) as door, asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99\r\n\r\n{{"
        writer.write(head.encode())  # and never the rest
        assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
        writer.close()
        assert written(door) == []


async def test_unknown_paths_and_methods_are_problems_too(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        assert problem(await door.http.get("/api/größe"))[:2] == (404, "not_found")
        answer = await door.http.delete(PATH)
        assert problem(answer)[:2] == (405, "method_not_allowed")
        assert answer.headers["allow"]
