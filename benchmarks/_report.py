"""How every benchmark speaks: progress on stderr, figures on stdout as a table or as JSON.

Figures are `{system: {figure: number}}`; ours is called `aether` and stands first.
"""

import argparse
import html
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

OURS = "aether"
Figures = Mapping[str, Mapping[str, float | None]]

_BAR, _GAP, _LEFT, _WIDTH = 18, 6, 190, 640


def options(about: str) -> argparse.ArgumentParser:
    """Return a parser with what all benchmarks have in common, see `benchmarks/README.md`."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")
    parser.add_argument("--rounds", type=count, default=3, help="what is told are their medians")
    parser.add_argument("--picture", type=Path, help="also draw the figures, as SVG")
    return parser


def count(told: str) -> int:
    """Read how many of something are asked for, as an argument: at least one."""
    number = int(told)
    if number < 1:
        raise argparse.ArgumentTypeError(f"want 1 or more, not {number}")
    return number


def say(message: str) -> None:
    """Tell the person who waits."""
    print(message, file=sys.stderr, flush=True)


def show(figures: Figures, asked: argparse.Namespace, *, title: str, drawn: str) -> None:
    """Print the figures as asked; `drawn` names the one that the picture compares."""
    if asked.picture is not None:
        bars = [(system, row.get(drawn)) for system, row in figures.items()]
        asked.picture.write_text(picture(f"{title}: {drawn}", bars), encoding="utf-8")
        say(f"drawn: {asked.picture}")
    print(json.dumps(figures, indent=2) if asked.output == "json" else table(figures, title))


def table(figures: Figures, title: str) -> str:
    """Return the figures as columns: one row a system."""
    names = list(dict.fromkeys(name for row in figures.values() for name in row))
    lines = [["", *names]]
    lines += [
        [system, *(_told(row.get(name)) for name in names)] for system, row in figures.items()
    ]
    widths = [max(len(line[at]) for line in lines) for at in range(len(names) + 1)]
    return "\n".join([title, "", *(_aligned(line, widths) for line in lines)])


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    (name, *cells), (first, *others) = line, widths
    return "  ".join([name.ljust(first), *(c.rjust(w) for c, w in zip(cells, others, strict=True))])


def picture(title: str, bars: Sequence[tuple[str, float | None]]) -> str:
    """Return horizontal bars as SVG; ours is the coloured one."""
    known = [(name, value) for name, value in bars if value is not None]
    most = max((value for _, value in known), default=1.0) or 1.0
    height = 44 + len(known) * (_BAR + _GAP)
    rows = []
    for at, (name, value) in enumerate(known):
        top, color = 36 + at * (_BAR + _GAP), "#2f6fde" if name == OURS else "#b8c0cc"
        width = (_WIDTH - _LEFT - 90) * value / most
        rows.append(
            f'<text x="{_LEFT - 8}" y="{top + 13}" text-anchor="end">{html.escape(name)}</text>'
            f'<rect x="{_LEFT}" y="{top}" width="{width:.1f}" height="{_BAR}" fill="{color}"/>'
            f'<text x="{_LEFT + width + 6:.1f}" y="{top + 13}">{_told(value)}</text>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
        ' font-family="sans-serif" font-size="13"><rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="8" y="20" font-weight="bold">{html.escape(title)}</text>{"".join(rows)}</svg>\n'
    )


def _told(value: float | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) or abs(value) >= 1_000:
        return f"{value:,.0f}"
    if 0.999 < value < 1:
        return f"{value:.7f}"  # how near something is to 1 is all that it says
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.2f}"
