"""`aether archive keep`: the grid's own care for its archive, and what it says of it."""

import logging
import os
import time
from dataclasses import asdict

import click

from cli import kept
from cli.roles import log_as_json
from engines.signals import StopSignals
from replay.archive.keep import Keeper, Rhythm, Standing
from replay.archive.seal import Sealer
from replay.archive.seen import SEEN_FILE, SeenFile
from streams.errors import Transient
from streams.io.client import Client
from streams.io.kafka.trimming import KafkaTrimming
from streams.io.settings import Settings, read_settings
from streams.topics import EVENT_TOPICS

logger = logging.getLogger(__name__)

#: Whatever else this machine does comes first.
NICE = 10
PAUSE_S = 0.1
NAMES = [topic.name for topic in EVENT_TOPICS]


@click.command()
def keep() -> None:
    """Seal and prove on a schedule until stopped, as `aether up` does; see `archive.*`.

    The log is trimmed only if `archive.trim_older_s` is set.
    """
    log_as_json()
    os.nice(NICE)
    settings = read_settings()
    rhythm = _rhythm(settings)
    with StopSignals() as asked:
        client = _opened(settings, asked)
        if client is None:
            return
        with client:
            _keep(settings, _keeper(settings, client, rhythm, asked), asked)


def _opened(settings: Settings, asked: StopSignals) -> Client | None:
    """Return a door to the log once there is one; None if asked to stop before."""
    while not asked.stop:
        try:
            return Client(settings)
        except Transient as error:
            logger.warning("waiting", extra={"error": str(error)})
            _pause(settings, asked)
    return None


def _keep(settings: Settings, keeper: Keeper, asked: StopSignals) -> None:
    before = kept.known(settings) or {}
    standing = Standing(verified_ms=before.get("verified_ms"))
    while not asked.stop:
        standing = keeper.turn(NAMES, standing, _now_ms())
        kept.tell(settings, asdict(standing))
        _pause(settings, asked)


def _pause(settings: Settings, asked: StopSignals) -> None:
    again = time.monotonic() + settings.archive.every_s
    while not asked.stop and time.monotonic() < again:
        time.sleep(PAUSE_S)


def _rhythm(settings: Settings) -> Rhythm:
    told, trim = settings.archive, settings.archive.trim_older_s
    return Rhythm(
        seal_after_ms=int(told.seal_after_s * 1000),
        seal_records=told.seal_records,
        verify_every_ms=int(told.verify_every_s * 1000),
        trim_older_ms=None if trim is None else int(trim * 1000),
    )


def _keeper(settings: Settings, client: Client, rhythm: Rhythm, asked: StopSignals) -> Keeper:
    live = client.log.live
    return Keeper(
        Sealer(live, client.wire, client.store),
        live,
        client.store,
        KafkaTrimming(settings.bootstrap, settings.kafka_options),
        SeenFile(settings.data_dir / SEEN_FILE),
        rhythm,
        lambda: asked.stop,
    )


def _now_ms() -> int:
    return int(time.time() * 1000)
