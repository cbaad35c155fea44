"""Every fact the grid can record, by area; one class here for one schema in `schemas/avro/`.

An event is frozen, keyword-only and past tense. Its Avro name is `aether.<area>.<Class>`.
"""

from streams.events import (
    archive,
    chunks,
    forks,
    healing,
    lag,
    matches,
    memory,
    probes,
    registry,
    responses,
    series,
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
    "observations": lag.EVENTS + probes.OBSERVED + series.EVENTS + healing.EVENTS,
    "responses": responses.EVENTS,
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
    | series.SeriesEvent
    | healing.HealingEvent
    | probes.ProbeEvent
    | responses.ResponseEvent
    | archive.ArchiveEvent
    | chunks.ChunkEvent
)
