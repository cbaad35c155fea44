"""The observer's eye in a process of its own: it may die, and another one looks on."""

import multiprocessing

import pytest

from processors.observer.apart import Apart
from streams.errors import BrokerAway
from tests.integration.grid.harness import wait_until

pytestmark = pytest.mark.integration

NOWHERE = "127.0.0.1:9"


def test_a_process_that_died_is_an_outage_and_another_one_looks_on(kafka_bootstrap: str) -> None:
    eye = Apart(kafka_bootstrap, {}, "")
    try:
        assert eye.look().cluster.brokers == 1
        (child,) = multiprocessing.active_children()
        child.kill()
        child.join()
        with pytest.raises(BrokerAway, match="vanished"):
            eye.look()
        assert eye.look().cluster.brokers == 1
    finally:
        eye.close()


def test_what_the_process_cannot_do_is_told_as_it_is_without_one() -> None:
    eye = Apart(NOWHERE, {}, "")
    try:
        with pytest.raises(BrokerAway, match="list the topics"):
            eye.look()
    finally:
        eye.close()


def test_nothing_is_left_of_it_once_it_is_closed(kafka_bootstrap: str) -> None:
    eye = Apart(kafka_bootstrap, {}, "")
    eye.look()
    (child,) = multiprocessing.active_children()
    eye.close()
    # The pool's own thread reaps it: joined from here too, either of the two sees no exit code.
    wait_until(lambda: child not in multiprocessing.active_children(), 30, "its end")
