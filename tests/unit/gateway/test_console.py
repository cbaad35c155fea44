"""The console's files, served so that what an event holds can do nothing."""

from pathlib import Path

import pytest

from tests.unit.gateway.door import opened


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A console as it is built."""
    folder = tmp_path / "console"
    folder.mkdir()
    (folder / "index.html").write_text("<title>Aether Grid</title>")
    (folder / "console.js").write_text("// all of it")
    return folder


async def test_files_are_served_as_they_are_and_every_other_address_is_the_page(
    tmp_path: Path, built: Path
) -> None:
    (tmp_path / "secret").write_text("not for anybody")
    async with opened(tmp_path / "store", console=built) as door:
        home = await door.http.get("/")
        script = await door.http.get("/console/console.js")
        pages = [
            await door.http.get(f"/console/{path}")
            for path in ("", "runs/r-1", "streams/aether.sessions.events", "..%2fsecret")
        ]
    assert (home.status_code, home.headers["location"]) == (307, "/console/")
    assert (script.status_code, script.text) == (200, "// all of it")
    assert [page.text for page in pages] == ["<title>Aether Grid</title>"] * len(pages)
    for answer in (script, *pages):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_console_that_is_not_built_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path / "store", console=tmp_path / "nothing") as door:
        answer = await door.http.get("/console/runs")
    assert (answer.status_code, "not built yet" in answer.text) == (503, True)
