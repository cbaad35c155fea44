"""A registry that says it knows no such schema is believed once it has been answering for a while.

One that has just started answers before it has read what it keeps, and knows nothing then; a record
whose schema it has only not read yet must not be put away as one that nobody can read.
"""

import time
from collections.abc import Callable

from streams.errors import RegistryAway, UnknownSchema
from streams.io.registry import SchemaRegistry

#: Longer than a registry answers before it has read everything, and shorter than one takes to
#: start: whoever was heard within so long was not started anew unnoticed.
SETTLED_S = 2.0


class Doubting:
    """The same registry, to be asked again, as one that is away, until it may be believed.

    Who asks for a schema that nobody knows hears so within a few seconds, and at once while others
    ask as well.
    """

    def __init__(self, registry: SchemaRegistry, now: Callable[[], float] = time.monotonic) -> None:
        self.at_once = registry.at_once
        self.check, self.register, self.id_of = registry.check, registry.register, registry.id_of
        self._registry = registry
        self._now = now
        self._since = self._last = -SETTLED_S  # of the answers that came without a long pause
        self._doubted: dict[int, float] = {}  # since when, by what was asked for

    def schema(self, schema_id: int) -> str:
        """Return the schema of an id. Raises UnknownSchema, and RegistryAway while in doubt."""
        try:
            text = self._registry.schema(schema_id)
        except UnknownSchema as told:
            self._heard()
            since = min(self._since, self._doubted.setdefault(schema_id, self._now()))
            if self._now() - since < SETTLED_S:
                raise RegistryAway(f"{told}; it may have just started and not know yet") from told
            self._doubted.pop(schema_id, None)
            raise
        except RegistryAway:
            self._since = self._last = -SETTLED_S
            self._doubted.clear()
            raise
        self._heard()
        return text

    def _heard(self) -> None:
        now = self._now()
        if now - self._last >= SETTLED_S:
            self._since = now
        self._last = now
