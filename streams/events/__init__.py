"""Every fact the grid can record, by area; one class here for one schema in `schemas/avro/`.

An event is frozen, keyword-only and past tense. Its Avro name is `aether.<area>.<Class>`.
"""

from streams.events import archive, chunks, forks, memory, registry, sessions

AREAS = {
    "sessions": sessions.EVENTS,
    "memory": memory.EVENTS,
    "registry": registry.EVENTS,
    "forks": forks.EVENTS,
    "archive": archive.EVENTS,
    "chunks": chunks.EVENTS,
}

Event = (
    sessions.SessionEvent
    | memory.MemoryEvent
    | registry.RegistryEvent
    | forks.ForkEvent
    | archive.ArchiveEvent
    | chunks.ChunkEvent
)
