"""State hashes are the same in every process, whatever Python's hash seed is."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

PROGRAM = """
from processors.memory.decider import MEMORY_DECIDER
from processors.orchestrator.decider import ORCHESTRATOR
from processors.registry.decider import REGISTRY_DECIDER
from processors.router.decider import ROUTER
from streams.events.memory import MemoryOffered
from streams.events.registry import CapabilityOffered
from streams.plain import hash_of
from tests.given import fed
from tests.unit.processors import examples as e

runs = [str(n) for n in range(50)]
facts = [e.adopted(name) for name in ("answer", "translate", "sum")]
for decider, inputs in (
    (MEMORY_DECIDER, [MemoryOffered(content=e.content(r)) for r in runs]),
    (ORCHESTRATOR, [b(r) for r in runs for b in (e.received, e.routed, e.recalled)]),
    (REGISTRY_DECIDER, [CapabilityOffered(card=e.card(description=r)) for r in runs]),
    (ROUTER, [e.perceived(r) for r in runs]),
):
    state, decided = fed(decider, inputs, facts if decider.grid.reads else ())
    print(hash_of(decider.state_type, [(k, state) for k in sorted({"a", "b", "c"})]), decided)
"""


def _said(seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_states_and_decisions_do_not_depend_on_pythons_hash_seed() -> None:
    first = _said("0")
    assert len(first.splitlines()) == 4
    assert _said("4711") == first
