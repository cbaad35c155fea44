"""What a broker URL says, as Faust takes it apart."""

import pytest
from faust.utils.urls import urllist

from processors.transport.address import Address, parse


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_query_after_the_last_of_several_brokers_holds_for_all(separator: str) -> None:
    brokers = separator.join(("kafka-1:9092", "kafka-2:9093", "kafka-3:9094"))
    assert parse(urllist(f"rdkafka://{brokers}?events=batch&batch=7&client.id=ada")) == Address(
        servers="kafka-1:9092,kafka-2:9093,kafka-3:9094",
        batches=True,
        batch_max=7,
        options={"client.id": "ada"},
    )
