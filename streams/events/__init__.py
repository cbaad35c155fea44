"""Every fact the grid can record, by area; one class here for one schema in `schemas/avro/`.

An event is frozen, keyword-only and past tense. Its Avro name is `aether.<area>.<Class>`.
"""

from streams.events import (
    archive,
    chunks,
    forks,
    lag,
    matches,
    memory,
    probes,
    registry,
    sessions,
    subscriptions,
    tuning,
)

AREAS = {
    "sessions": sessions.EVENTS,
    "memory": memory.EVENTS,
    "registry": registry.EVENTS,
    "tuning": tuning.EVENTS,
    "subscriptions": subscriptions.EVENTS,
    "matches": matches.EVENTS,
    "observations": lag.EVENTS + probes.OBSERVED,
    "forks": forks.EVENTS,
    "archive": archive.EVENTS,
    "probes": probes.SENT,
    "chunks": chunks.EVENTS,
}

Event = (
    sessions.SessionEvent
    | memory.MemoryEvent
    | registry.RegistryEvent
    | forks.ForkEvent
    | tuning.TuningEvent
    | subscriptions.SubscriptionEvent
    | matches.MatchEvent
    | lag.LagEvent
    | probes.ProbeEvent
    | archive.ArchiveEvent
    | chunks.ChunkEvent
)
