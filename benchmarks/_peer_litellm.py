"""The LiteLLM proxy before a model server, in the environment of requirements/peer-litellm.txt.

It runs as its documentation shows it, with one worker, no database and no telemetry.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks._report import say
from engines.environment import Environment
from engines.places import REPOSITORY, REQUIREMENTS, cache_directory
from engines.ports import free_port
from engines.progress import Console

PEER = "LiteLLM proxy"
START_S = 300.0
LAUNCH = REPOSITORY / "engines" / "launch.py"


@contextmanager
def proxy(home: Path, model: str, name: str) -> Iterator[tuple[int, int]]:
    """Run the proxy before a model server; yield its process id and its port. It ends with us."""
    lock = REQUIREMENTS / "peer-litellm.txt"
    python = Environment("peer-litellm", (lock,), cache_directory(os.environ)).ready(
        Console(sys.stderr)
    )
    config, port = home / "litellm.yaml", free_port()
    config.write_text(
        f"model_list:\n  - model_name: {name}\n    litellm_params:\n      model: openai/{name}\n"
        f"      api_base: {model}\n      api_key: none\nlitellm_settings:\n  telemetry: false\n"
        "general_settings:\n  dangerously_permit_weak_or_unset_master_key: true\n"
    )
    command = [
        sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), str(python.parent / "litellm"),
        "--config", str(config), "--port", str(port), "--host", "127.0.0.1", "--num_workers", "1",
    ]  # fmt: skip
    mine = {n: v for n, v in os.environ.items() if not n.startswith("AETHER_")}
    environment = {**mine, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
    with (home / "litellm.log").open("wb") as log:
        child = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=home)
        try:
            _await(port, child, home / "litellm.log")
            yield child.pid, port
        finally:
            child.kill()
            child.wait()


def _await(port: int, child: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and child.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}/health/liveliness", timeout=5):
                say("the LiteLLM proxy is ready")
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"the LiteLLM proxy did not start: {log.read_text()[-2000:]}")
