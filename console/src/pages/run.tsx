// One run from cause to effect: its tree, its timeline, its lanes, its thread; and every event whole.
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { address, filter, link } from "../address";
import { follow } from "../grid/follow";
import { useLoaded } from "../grid/loaded";
import type { GridEvent, Page, WholeRun } from "../grid/shapes";
import { clipped, clock, count, duration, many, shortType } from "../grid/words";
import { usePageKeys } from "../keys";
import { tree } from "../parts/causes";
import { Copy } from "../parts/copy";
import { EventPanel } from "../parts/event_panel";
import { Lanes } from "../parts/lanes";
import { Said } from "../parts/said";
import { Thread } from "../parts/thread";
import { Timeline } from "../parts/timeline";
import { Tree } from "../parts/tree";
import { Outcome } from "./runs";

const VIEWS = ["tree", "timeline", "lanes", "thread"] as const;
/** So much of a question is its title; the thread has more, and the payload all. */
const TITLE = 400;
const EVERY_END = ["ResponseCompleted", "RunFailed", "RequestRefused", "ClarificationAsked"];

export function RunPage({ id }: { id: string }) {
  const path = `/api/runs/${encodeURIComponent(id)}`;
  const [run, loadRun] = useLoaded<WholeRun>(path);
  const [events, loadEvents] = useLoaded<Page<GridEvent>>(`${path}/events`);
  const open = run.value.data?.outcome === "open";
  useEffect(() => {
    if (!open) return;
    const timer = window.setInterval(loadEvents, 1_000);
    const end = follow(`${path}/events`, EVERY_END, { events: () => (loadRun(), loadEvents()), open: loadRun });
    return () => (window.clearInterval(timer), end());
  }, [path, open]);
  return (
    <section class="page run-page">
      <p class="crumb"><a href={link("runs")}>Runs</a> / <code>{id}</code> <Copy text={id} what="the run's id" /></p>
      <Said loaded={run.value} empty={() => false} nothing={null}>{(whole) => <Head run={whole} />}</Said>
      <Said loaded={events.value} empty={(page) => page.data.length === 0} nothing={<p>No event of this run is in the log.</p>}>
        {(page) => <History events={page.data} run={run.value.data} />}
      </Said>
    </section>
  );
}

function Head({ run }: { run: WholeRun }) {
  return (
    <div class="said">
      <h1>{clipped(run.question, TITLE)}</h1>
      <p class="facts">
        <Outcome run={run} /> <time>{clock(run.asked_at)}</time>
        {run.milliseconds !== null && <span>{duration(run.milliseconds)}</span>}
        <span>{many(run.events, "event")}</span>
        {run.capability && <span>routed to <b>{run.capability}</b>{run.model && `, answered by ${run.model}`}</span>}
        {run.prompt_tokens > 0 && <span>{count(run.prompt_tokens)} + {count(run.completion_tokens)} tokens</span>}
        <a href={link("runs", "", { session: run.session })}>session {run.session.slice(0, 24)}</a>
      </p>
      {run.answer !== null && <blockquote>{run.answer}</blockquote>}
      {run.detail && <p class="refused">{run.detail}</p>}
      {run.citations.length > 0 && (
        <details>
          <summary>{many(run.citations.length, "citation")}</summary>
          <ul>{run.citations.map((one) => <li><b>{one.marker}</b> {one.title} <q>{one.quote}</q></li>)}</ul>
        </details>
      )}
    </div>
  );
}

function History({ events, run }: { events: GridEvent[]; run: WholeRun | undefined }) {
  const query = address.value.query;
  const view = VIEWS.find((one) => one === query.get("view")) ?? "tree";
  const nodes = useMemo(() => tree(events), [events]);
  const moment = useSignal(events.length);
  const until = Math.min(moment.value, events.length);
  const seen = useMemo(() => new Set(events.slice(0, until).map((event) => event.id)), [events, until]);
  const chosen = events.find((event) => event.id === query.get("event")) ?? events[until - 1];
  const choose = (event: GridEvent) => filter({ event: event.id });
  useEffect(() => {
    if (moment.peek() >= events.length - 1) moment.value = events.length;
  }, [events.length]);
  usePageKeys([
    ...VIEWS.map((one, at) => ({ keys: `${at + 1}`, does: `show the ${one}`, run: () => filter({ view: one }) })),
    { keys: "[", does: "a moment earlier", run: () => step(-1) },
    { keys: "]", does: "a moment later", run: () => step(1) },
  ]);
  const step = (by: number) => {
    moment.value = Math.max(1, Math.min(events.length, Math.min(moment.value, events.length) + by));
    const event = events[moment.value - 1];
    if (event) choose(event);
  };
  const shownProps = { nodes, seen, chosen: chosen?.id ?? "", choose };
  return (
    <>
      <div class="bar-of-tabs">
        <div class="tabs" role="tablist" aria-label="Views of the run">
          {VIEWS.map((one) => <button type="button" role="tab" aria-selected={one === view} onClick={() => filter({ view: one })}>{one}</button>)}
        </div>
        <label class="scrub">moment <input type="range" min={1} max={events.length} value={until} aria-valuetext={`event ${until} of ${events.length}`}
          onInput={(input) => step(Number(input.currentTarget.value) - until)} />
          <span>{until} / {events.length} · {shortType(events[until - 1]?.type ?? "")}</span></label>
      </div>
      <div class="two">
        <div class="view" role="tabpanel" aria-label={view}>
          {view === "tree" && <Tree {...shownProps} />}
          {view === "timeline" && <Timeline {...shownProps} />}
          {view === "lanes" && <Lanes {...shownProps} />}
          {view === "thread" && <Thread {...shownProps} />}
        </div>
        {chosen && <EventPanel event={chosen} events={events} choose={choose} session={run?.session} />}
      </div>
    </>
  );
}
