"""A real Triton serves a model of a repository, says why one does not load, and leaves nothing."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from tritonclient import grpc

from engines.install import Installed
from engines.ports import LOOPBACK, free_port
from engines.service import Service
from engines.supervisor import Supervisor
from engines.triton import TritonPorts, triton
from streams.errors import EngineFailed
from tests.engines_fixtures import ServeModels
from tests.unit.engines.children import wait_for_end

pytestmark = pytest.mark.integration

CONFIG = """
name: "shout"
backend: "python"
max_batch_size: 8
input [ { name: "TEXT" data_type: TYPE_STRING dims: [1] } ]
output [ { name: "LOUD" data_type: TYPE_STRING dims: [1] } ]
instance_group [ { count: 1 kind: KIND_CPU } ]
"""
MODEL = """
import numpy as np
import triton_python_backend_utils as triton


class TritonPythonModel:
    def execute(self, requests):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        texts = triton.get_input_tensor_by_name(request, "TEXT").as_numpy()
        loud = np.array([[text.decode().upper().encode()] for (text,) in texts], dtype=np.object_)
        return triton.InferenceResponse([triton.Tensor("LOUD", loud)])
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A model repository with one model that needs nothing."""
    model = tmp_path / "models" / "shout"
    (model / "1").mkdir(parents=True)
    (model / "config.pbtxt").write_text(CONFIG)
    (model / "1" / "model.py").write_text(MODEL)
    return tmp_path / "models"


@pytest.fixture
def own_triton(installed: Installed, repository: Path, tmp_path: Path) -> tuple[Service, str]:
    """A Triton that the test may ill-treat, and its address."""
    if installed.no_triton:
        pytest.skip(f"the embedded Triton cannot run here: {installed.no_triton}")
    ports = TritonPorts(http=free_port(), grpc=free_port(), metrics=free_port())
    service = triton(
        installed.models,
        models=["shout"],
        repository=repository,
        ports=ports,
        log=tmp_path / "triton.log",
        environment=os.environ,
    )
    return service, f"{LOOPBACK}:{ports.grpc}"


def shout(address: str, text: str) -> str:
    tensor = grpc.InferInput("TEXT", [1, 1], "BYTES")
    tensor.set_data_from_numpy(np.array([[text.encode()]], dtype=np.object_))
    with grpc.InferenceServerClient(address) as client:
        answer = client.infer("shout", [tensor]).as_numpy("LOUD")
    return bytes(answer[0][0]).decode()


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_model_answers(serve_models: ServeModels, repository: Path) -> None:
    assert shout(serve_models(repository, ["shout"]), "grüße") == "GRÜSSE"


def test_a_model_that_does_not_load_ends_the_start_with_its_reason(
    own_triton: tuple[Service, str], repository: Path
) -> None:
    (repository / "shout" / "1" / "model.py").write_text("import no_such_module\n")
    service, _ = own_triton
    with pytest.raises(EngineFailed, match="no_such_module") as failed:
        Supervisor([service]).start()
    assert "model" in failed.value.fix


def test_a_killed_server_leaves_no_stub_and_is_started_again(
    own_triton: tuple[Service, str],
) -> None:
    service, address = own_triton
    with Supervisor([service]) as supervisor:
        supervisor.start()
        before = supervisor.pid("triton")
        assert before is not None
        stubs = children_of(before)
        assert stubs
        os.kill(before, signal.SIGKILL)
        assert wait_for_end(before)
        supervisor.tick()
        assert all(wait_for_end(stub) for stub in stubs)
        while supervisor.pid("triton") is None:
            supervisor.tick()
        supervisor.watch(lambda: supervisor.is_ready)
        assert shout(address, "again") == "AGAIN"


def test_no_shared_memory_is_left_behind(own_triton: tuple[Service, str]) -> None:
    service, address = own_triton
    prefix = f"aether-{address.rpartition(':')[2]}-"
    with Supervisor([service]) as supervisor:
        supervisor.start()
        assert list(Path("/dev/shm").glob(f"{prefix}*"))
        supervisor.stop(lambda: True)  # killed: it cannot clean up itself
    assert not list(Path("/dev/shm").glob(f"{prefix}*"))
