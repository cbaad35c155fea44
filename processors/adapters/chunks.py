"""Pieces of answers on their way to whoever watches, on a topic that forgets them in an hour."""

from processors.models.ports import Called, Piece
from streams import envelope as env
from streams.events.chunks import CallEmitted, ChunkEvent, TextEmitted
from streams.events.sessions import InferenceRequested
from streams.io.wire import Wire
from streams.log import Draft, EventLog
from streams.topics import CHUNKS


class TopicChunks:
    """Sends pieces without waiting and without asking whether they arrived."""

    def __init__(self, log: EventLog, wire: Wire) -> None:
        self._log = log
        self._wire = wire

    def publish(self, request: InferenceRequested, start: int, piece: Piece) -> None:
        """Send a piece; one that does not fit into the client's queue is dropped."""
        event = _event(request, start, piece)
        head = [self._wire.ce_type(type(event)), (env.CORRELATION, request.run_id.encode())]
        value = self._wire.codec.encode(event)
        self._log.append([Draft(CHUNKS.name, None, request.run_id.encode(), value, head)], _unheard)


def _event(request: InferenceRequested, start: int, piece: Piece) -> ChunkEvent:
    if isinstance(piece, Called):
        return CallEmitted(
            run_id=request.run_id,
            inference_id=request.inference_id,
            choice=piece.choice,
            call=piece.call,
            call_id=piece.id,
            name=piece.name,
            start=start,
            arguments=piece.arguments,
        )
    return TextEmitted(
        run_id=request.run_id,
        inference_id=request.inference_id,
        start=start,
        text=piece.text,
        choice=piece.choice,
    )


def _unheard(_: object) -> None:
    """Nobody waits for a piece: the completed event holds the text."""
