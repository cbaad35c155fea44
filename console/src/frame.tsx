// The frame around every page: where one can go, how the grid is, and the keys.
import type { ComponentChild } from "preact";
import { useEffect } from "preact/hooks";
import { address, followLinks, link } from "./address";
import { now } from "./grid/now";
import { pulse } from "./grid/pulse";
import { duration } from "./grid/words";
import { helping, keysNow } from "./keys";
import { LagPage } from "./pages/lag";
import { Overview } from "./pages/overview";
import { RunPage } from "./pages/run";
import { Runs } from "./pages/runs";
import { Streams } from "./pages/streams";

/** The pages in the order of the menu; `run` belongs to Runs. */
const PAGES: { page: string; title: string }[] = [
  { page: "overview", title: "Overview" },
  { page: "runs", title: "Runs" },
  { page: "streams", title: "Streams" },
  { page: "lag", title: "Lag" },
];

export function Frame() {
  const { page, place } = address.value;
  const title = PAGES.find((one) => one.page === page)?.title;
  useEffect(() => {
    document.title = [place.slice(0, 40), title, "Aether Grid"].filter(Boolean).join(" · ");
  }, [place, title]);
  return (
    <div class="frame" onClick={followLinks}>
      <a class="skip" href="#page">Skip to the page</a>
      <header>
        <a class="brand" href={link("overview")}>Aether Grid</a>
        <nav aria-label="Pages">
          {PAGES.map((one) => (
            <a href={link(one.page)} aria-current={one.page === page ? "page" : undefined}>{one.title}</a>
          ))}
        </nav>
        <Heart />
        <button type="button" class="quiet" title="keys (?)" aria-label="Show the keys" onClick={() => (helping.value = !helping.value)}>?</button>
      </header>
      <main id="page" tabIndex={-1}>{shown(page, place)}</main>
      {helping.value && <Help />}
    </div>
  );
}

function shown(page: string, place: string): ComponentChild {
  switch (page) {
    case "overview": return <Overview />;
    case "runs": return place ? <RunPage key={place} id={place} /> : <Runs />;
    case "streams": return <Streams topic={place} />;
    case "lag": return <LagPage group={place} />;
    default: return <p class="empty">There is no page <b>{page}</b>. <a href={link("overview")}>Overview</a></p>;
  }
}

const SAID = { unknown: "asking", ready: "live", degraded: "not ready", away: "away" };

function Heart() {
  const { health, at, why } = pulse.value;
  const since = at && health !== "ready" ? `, last heard ${duration(now.value - at)} ago` : "";
  return (
    <span class={`heart ${health}`} role="status" title={why}>
      <i aria-hidden="true" />{SAID[health]}{since}
    </span>
  );
}

function Help() {
  return (
    <div class="help" role="dialog" aria-label="Keys">
      <h2>Keys</h2>
      <dl>
        {keysNow().map((key) => (
          <div><dt>{key.keys.split(" ").map((one) => <kbd>{one}</kbd>)}</dt><dd>{key.does}</dd></div>
        ))}
        <div><dt><kbd>Esc</kbd></dt><dd>leave a field, close this</dd></div>
      </dl>
    </div>
  );
}
