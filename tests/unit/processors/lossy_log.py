"""A log whose deliveries are landed by a test, one by one, or lost."""

from streams.errors import DeliveryFailed
from streams.io.memory_log import MemoryLog


class LossyLog(MemoryLog):
    """A client whose deliveries can be landed one by one, or fail for good.

    As with librdkafka's gapless guarantee, nothing that was sent after a failure lands.
    """

    broken = False

    def serve(self, timeout_s: float = 0.0) -> int:
        return 0  # the world decides what lands

    def land_one(self) -> None:
        draft, delivered = self.in_flight.popleft()
        if self.broken:
            delivered(DeliveryFailed("lost"))
        else:
            self.broker.land(draft)
            delivered(None)
