"""Every decider there is, for those who replay: without what it takes to run them."""

from processors.anomalies.decider import ANOMALIES
from processors.healing.breaker import BREAKER
from processors.healing.decider import HEALER
from processors.memory.decider import MEMORY_DECIDER
from processors.observer.decider import OBSERVER
from processors.orchestrator.decider import ORCHESTRATOR
from processors.registry.decider import REGISTRY_DECIDER
from processors.router.decider import ROUTER
from processors.subscriptions.decider import SUBSCRIBER
from processors.subscriptions.matcher import MATCHER
from processors.tuner.decider import TUNER
from streams.io.standing import AnyDecider

#: Where workers keep snapshots of their states, below the data directory.
SNAPSHOTS_FOLDER = "snapshots"

#: What the observer decides: one role, for one part is of little use without the others.
WATCHING: tuple[AnyDecider, ...] = (OBSERVER, ANOMALIES, HEALER, BREAKER)
DECIDERS: tuple[AnyDecider, ...] = (
    ROUTER,
    ORCHESTRATOR,
    MEMORY_DECIDER,
    REGISTRY_DECIDER,
    TUNER,
    SUBSCRIBER,
    MATCHER,
    *WATCHING,
)
