"""What the router says of its decisions, for people."""

from collections.abc import Sequence

from processors.router.meaning import Choice
from processors.router.table import Entry
from streams.events.tuning import Weigh


def because(choice: Choice, weigh: Weigh = Weigh.NOTHING) -> str:
    """Return why a request went where it went."""
    best, *others = choice.candidates
    said = f"most likely {best.capability} ({choice.confidence:.0%} sure)"
    if choice.stays:
        said = f"{best.capability} keeps the session: {others[0].capability} leads it by too little"
    elif choice.spares:
        likelier = others[0].capability
        said = f"{best.capability} takes less {weigh} and is nearly as likely as {likelier}"
    elif choice.follows:
        said += ", as a follow-up to what the session was about"
    if not others:
        return f"{said}; it is the only capability"
    return f"{said}; next is {others[0].capability} with a share of {others[0].score:.0%}"


def refusing(choice: Choice, threshold: float) -> str:
    """Return why a request went nowhere, and what was nearest."""
    nearest = ", ".join(f"{c.capability} ({c.score:.0%})" for c in choice.candidates[:3])
    return (
        f"nothing here is likely enough to be meant ({choice.confidence:.0%} sure, {threshold:.0%}"
        f" are asked for); nearest: {nearest}"
    )


def asking(entries: Sequence[Entry | None]) -> str:
    """Return the question which of some capabilities is meant."""
    lines = [f"- {e.capability}: {e.description}" for e in entries if e is not None]
    return "\n".join(["I am not sure what you mean. Is it one of these?", *lines])
