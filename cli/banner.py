"""What a person sees when the grid is ready: where it is, where its data lies, what to try."""

from cli.state import Running
from streams.io.settings import Settings


def banner(settings: Settings, running: Running) -> str:
    """Return the text."""
    gateway = running.addresses["gateway"]
    assert running.ready_s is not None
    lines = [
        f"Aether Grid is ready after {running.ready_s:.1f} s",
        "",
        f"  console      {gateway}/console/",
        f"  OpenAI API   {gateway}/v1",
        f"  Kafka        {running.addresses['kafka']}",
        f"  registry     {running.addresses['registry']}",
        f"  Triton       {running.addresses['triton']}",
        f"  data         {settings.data_dir}",
        *(f"  note         {note}" for note in running.notes),
        "",
        "Try:",
        "  aether ingest docs              let it remember some documents",
        '  aether ask "What is the law?"   ask about them',
        "  aether run list                 see what happened, event by event",
        "  aether down                     stop it",
    ]
    return "\n".join(lines)
