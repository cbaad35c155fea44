"""Where the embedded Triton cannot run, the reason is told before anything is downloaded."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from engines.triton import Machine, triton_available

GOOD = Machine(
    system="Linux",
    processor="x86_64",
    libc="glibc 2.36",
    python=(3, 11),
    python_library=Path("/usr/lib"),
)


@pytest.mark.parametrize("machine", [GOOD, replace(GOOD, python=(3, 12), libc="glibc 2.35")])
def test_it_runs_on_a_recent_linux(machine: Machine) -> None:
    assert triton_available(machine) is None


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        (replace(GOOD, system="Darwin"), "Darwin"),
        (replace(GOOD, processor="aarch64"), "aarch64"),
        (replace(GOOD, libc="glibc 2.31"), "glibc 2.31"),
        (replace(GOOD, libc="another libc"), "another libc"),
        (replace(GOOD, python=(3, 13)), r"not 3\.13"),
        (replace(GOOD, python_library=None), r"libpython3\.11"),
    ],
)
def test_the_reason_why_it_does_not_is_named(machine: Machine, reason: str) -> None:
    told = triton_available(machine)
    assert told is not None
    assert re.search(reason, told)
