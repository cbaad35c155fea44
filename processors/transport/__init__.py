"""Faust on librdkafka: `broker="rdkafka://host:port"`, through Faust's own extension point.

Faust sees every group change as "all revoked (drain, commit), then all assigned". There are no
tables, seeks or topic creation here: state is the log's, and topics are made by their owner.
"""

from typing import Any, ClassVar

import confluent_kafka
from faust.transport import base
from mode import Service

from processors.transport.consumer import Consumer
from processors.transport.producer import Producer


class Fetcher(Service):
    """The service that hands what was polled to Faust's streams."""

    def __init__(self, app: Any, **kwargs: Any) -> None:
        self.app = app
        super().__init__(**kwargs)

    @Service.task
    async def _deliver(self) -> None:
        await self.app.consumer.deliver(lambda: self.should_stop)


class Transport(base.Transport):
    """What Faust asks for a broker of the scheme `rdkafka`."""

    Consumer: ClassVar[Any] = Consumer
    Producer: ClassVar[Any] = Producer
    Fetcher: ClassVar[Any] = Fetcher
    default_port = 9092
    driver_version = f"confluent_kafka={confluent_kafka.__version__}"
