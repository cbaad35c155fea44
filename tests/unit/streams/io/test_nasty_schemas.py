"""Whatever a foreign schema of one of our names says, decoding with it ends soon and in one piece.

The cases run in a process of their own: what is guarded against would end this one.
"""

import json
import subprocess
import sys

import pytest

CASES = 250
#: A record of 20 kB takes some 10 ms; what takes this long was made to.
SLOWEST_MS, PEAK_MB = 3_000, 1_000


@pytest.mark.parametrize("seed", [1, 2])
def test_decoding_under_a_nasty_schema_ends_soon_in_an_event_or_a_refusal(seed: int) -> None:
    program = [sys.executable, "-m", "tests.unit.streams.io.nasty_schemas", str(seed), str(CASES)]
    ended = subprocess.run(program, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr[-2_000:]
    told = json.loads(ended.stdout)
    assert told.pop("slowest_ms") < SLOWEST_MS
    assert told.pop("peak_mb") < PEAK_MB
    assert {name for name, count in told.items() if count > CASES // 10} == {
        "refused schemas",
        "refused records",
        "events",
    }
