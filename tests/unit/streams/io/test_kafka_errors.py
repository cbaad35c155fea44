"""What librdkafka says, in the words of our tree: all is mapped, and what passes is waited for."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams.errors import AetherError, BrokerAway, Fatal, LogTruncated, Misconfigured
from streams.io.kafka.errors import translate

#: Every code librdkafka knows, by name.
CODES = {
    name: code
    for name in dir(KafkaError)
    if name.isupper() and isinstance(code := getattr(KafkaError, name), int)
}

#: What a cluster says while it starts, moves leaders, or is cut off.
PASSING = (
    "_ALL_BROKERS_DOWN",
    "_MSG_TIMED_OUT",
    "_RESOLVE",
    "_TIMED_OUT",
    "_TIMED_OUT_QUEUE",
    "_TRANSPORT",
    "_WAIT_COORD",
    "BROKER_NOT_AVAILABLE",
    "COORDINATOR_LOAD_IN_PROGRESS",
    "COORDINATOR_NOT_AVAILABLE",
    "FENCED_LEADER_EPOCH",
    "KAFKA_STORAGE_ERROR",
    "LEADER_NOT_AVAILABLE",
    "NETWORK_EXCEPTION",
    "NOT_CONTROLLER",
    "NOT_COORDINATOR",
    "NOT_ENOUGH_REPLICAS",
    "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
    "NOT_LEADER_FOR_PARTITION",
    "OFFSET_NOT_AVAILABLE",
    "REBALANCE_IN_PROGRESS",
    "REPLICA_NOT_AVAILABLE",
    "REQUEST_TIMED_OUT",
    "THROTTLING_QUOTA_EXCEEDED",
    "UNKNOWN_LEADER_EPOCH",
    "UNSTABLE_OFFSET_COMMIT",
)


def said(code: int) -> AetherError:
    return translate(KafkaException(KafkaError(code)), "try")


def test_every_code_means_something_and_says_what_was_tried() -> None:
    assert len(CODES) > 150
    for code in CODES.values():
        told = said(code)
        assert type(told) is not AetherError
        assert str(told).startswith("could not try: ")


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_is_waited_for(name: str) -> None:
    assert type(said(CODES[name])) is BrokerAway


@pytest.mark.parametrize("name", [name for name in CODES if "AUTH" in name or "SASL" in name])
def test_credentials_and_rights_are_settings_to_mend(name: str) -> None:
    if name.startswith("DELEGATION"):
        return  # the grid uses no delegation tokens
    told = said(CODES[name])
    assert type(told) is Misconfigured
    assert "kafka.options" in told.fix


@pytest.mark.parametrize("name", [name for name in CODES if name.startswith("INVALID_")])
def test_what_is_invalid_now_will_not_be_valid_later(name: str) -> None:
    if name in FOREIGN:
        return
    assert isinstance(said(CODES[name]), Fatal)


#: Of parts of Kafka that the grid does not use, or of an epoch or offset that is soon renewed.
FOREIGN = {
    "INVALID_COMMIT_OFFSET_SIZE",
    "INVALID_FETCH_SESSION_EPOCH",
    "INVALID_PRINCIPAL_TYPE",
    "INVALID_PRODUCER_ID_MAPPING",
    "INVALID_RECORD_STATE",
    "INVALID_REGISTRATION",
    "INVALID_REGULAR_EXPRESSION",
    "INVALID_SHARE_SESSION_EPOCH",
    "INVALID_TRANSACTION_TIMEOUT",
    "INVALID_TXN_STATE",
    "INVALID_UPDATE_VERSION",
    "INVALID_VOTER_KEY",
}


@pytest.mark.parametrize("name", ["OFFSET_OUT_OF_RANGE", "_AUTO_OFFSET_RESET", "_LOG_TRUNCATION"])
def test_an_offset_that_is_gone_is_never_skipped(name: str) -> None:
    assert type(said(CODES[name])) is LogTruncated


def test_an_error_that_librdkafka_calls_fatal_ends_the_process() -> None:
    error = KafkaError(KafkaError.UNKNOWN_PRODUCER_ID, "gone", fatal=True)
    assert type(translate(error, "append")) is Fatal


def test_an_exception_without_a_code_is_a_setting_to_mend() -> None:
    assert type(translate(KafkaException("no such configuration property"), "x")) is Misconfigured
