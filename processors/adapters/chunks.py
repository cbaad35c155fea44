"""Pieces of answers on their way to whoever watches, on a topic that forgets them in an hour."""

from streams import envelope as env
from streams.events.chunks import TextEmitted
from streams.events.sessions import InferenceRequested
from streams.io.wire import Wire
from streams.log import Draft, EventLog
from streams.topics import CHUNKS


class TopicChunks:
    """Sends pieces without waiting and without asking whether they arrived."""

    def __init__(self, log: EventLog, wire: Wire) -> None:
        self._log = log
        self._wire = wire

    def publish(self, request: InferenceRequested, start: int, text: str) -> None:
        """Send a piece; one that does not fit into the client's queue is dropped."""
        event = TextEmitted(
            run_id=request.run_id, inference_id=request.inference_id, start=start, text=text
        )
        head = [self._wire.ce_type(TextEmitted), (env.CORRELATION, request.run_id.encode())]
        value = self._wire.codec.encode(event)
        self._log.append([Draft(CHUNKS.name, None, request.run_id.encode(), value, head)], _unheard)


def _unheard(_: object) -> None:
    """Nobody waits for a piece: the completed event holds the text."""
