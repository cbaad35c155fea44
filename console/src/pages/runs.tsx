// Runs: what was asked and what became of it, the newest first; new ones appear by themselves.
import { useSignal } from "@preact/signals";
import { useCallback, useEffect, useRef } from "preact/hooks";
import { address, filter, go, link } from "../address";
import { ask, Problem, withQuery } from "../grid/ask";
import { cut, follow } from "../grid/follow";
import { AGAIN_MS, type Loaded } from "../grid/loaded";
import { clipped, clock, duration } from "../grid/words";
import type { Page, Run } from "../grid/shapes";
import { usePageKeys } from "../keys";
import { neighbour, Rows } from "../parts/rows";
import { Said } from "../parts/said";

const AT_ONCE = 100;
const ROW = 34;
/** More of a question no row shows, however wide. */
const LINE = 400;
/** So many fill a screen: with fewer the next page is asked for at once. */
const FEW = 40;
const CHANGED = "/api/events/aether.sessions.events?type=RequestReceived,ResponseCompleted,RunFailed";

const idOf = (run: Run) => run.run_id;

export function Runs() {
  const query = address.value.query;
  const asked = Object.fromEntries(["q", "outcome", "session", "capability"].map((name) => [name, query.get(name) ?? ""]));
  const path = withQuery("/api/runs", { ...asked, limit: AT_ONCE });
  const { loaded, more } = useRuns(path);
  const chosen = useSignal("");
  const choose = (run: Run | undefined) => (chosen.value = run ? idOf(run) : "");
  const open = (run: Run) => go(link("runs", run.run_id));
  const runs = loaded.data?.data ?? [];
  usePageKeys([
    { keys: "j", does: "next run", run: () => choose(neighbour(runs, idOf, chosen.value, 1)) },
    { keys: "k", does: "run before", run: () => choose(neighbour(runs, idOf, chosen.value, -1)) },
    { keys: "Enter", does: "open the run", run: () => runs.filter((run) => idOf(run) === chosen.value).forEach(open) },
  ]);
  return (
    <section class="page runs">
      <h1 class="unseen">Runs</h1>
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <input type="search" data-search aria-label="Words of the question" placeholder="words of the question ( / )"
          value={asked["q"]} onInput={(event) => filter({ q: event.currentTarget.value })} />
        <select aria-label="Outcome" value={asked["outcome"]} onChange={(event) => filter({ outcome: event.currentTarget.value })}>
          <option value="">any outcome</option>
          <option value="completed">completed</option>
          <option value="failed">failed</option>
          <option value="open">open</option>
        </select>
        <input aria-label="Session" placeholder="session" value={asked["session"]}
          onInput={(event) => filter({ session: event.currentTarget.value })} />
        <input aria-label="Capability" placeholder="capability" value={asked["capability"]}
          onInput={(event) => filter({ capability: event.currentTarget.value })} />
      </form>
      <div class="row head" aria-hidden="true">
        <span>asked (UTC)</span><span>outcome</span><span>question</span><span>capability</span><span>took</span>
      </div>
      <Said loaded={loaded} empty={(page) => page.data.length === 0} nothing={loaded.data?.next_cursor ? <p aria-busy="true">looking further back…</p> : <Nothing filtered={Object.values(asked).some(Boolean)} />}>
        {(page) => (
          <Rows links label="Runs" rows={page.data} height={ROW} id={idOf} chosen={chosen.value} choose={choose} more={page.next_cursor ? more : undefined} open={open}>
            {(run) => (
              <a class="run" href={link("runs", run.run_id)} tabIndex={-1}>
                <time>{clock(run.asked_at)}</time>
                <Outcome run={run} />
                <span class="long">{clipped(run.question, LINE)}</span>
                <span class="long">{run.capability}</span>
                <span>{run.outcome === "open" ? "…" : duration(run.milliseconds)}</span>
              </a>
            )}
          </Rows>
        )}
      </Said>
    </section>
  );
}

/** What became of a run, in a word and a colour. */
export function Outcome({ run }: { run: Run }) {
  const word = run.outcome === "failed" && run.reason ? run.reason : run.outcome;
  return <span class={`tag ${run.outcome}`} title={word}>{word}</span>;
}

function Nothing({ filtered }: { filtered: boolean }) {
  if (filtered) return <p>No run matches. <a href={link("runs")}>Show all runs</a></p>;
  return <p>Nothing was asked yet. Try <code>aether ask "What is a grid?"</code> or any OpenAI client at this address.</p>;
}

/** Loads runs page by page, and the first page anew whenever a run begins or ends. */
function useRuns(path: string): { loaded: Loaded<Page<Run>>; more: () => void } {
  const loaded = useSignal<Loaded<Page<Run>>>({ data: undefined, at: 0, problem: undefined });
  const asked = useRef("");
  const busy = useRef(false);
  const missed = useRef({ anew: false, further: false }); // what was asked for while a page was read
  const read = useCallback(
    async (cursor: string | null) => {
      if (busy.current) return void (missed.current[cursor === null ? "anew" : "further"] = true);
      busy.current = true;
      try {
        for (let next: string | null = cursor, first = true; first || next; first = false) {
          const page: Page<Run> = await ask(next ? `${path}&cursor=${next}` : path);
          if (asked.current !== path) return; // another filter was set meanwhile
          const data = joined(loaded.peek().data, page, next);
          loaded.value = { data, at: Date.now(), problem: undefined };
          next = data.data.length < FEW ? data.next_cursor : null; // rare ones may lie far behind
        }
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (asked.current !== path) return;
        loaded.value = { ...loaded.peek(), problem: error };
        if (error.away) window.setTimeout(() => asked.current === path && void read(cursor), AGAIN_MS);
      } finally {
        if (asked.current === path) busy.current = false;
      }
      const { anew, further } = missed.current;
      const next = anew ? null : loaded.peek().data?.next_cursor;
      missed.current = { anew: false, further: anew && further };
      if (anew || (further && next)) void read(next ?? null);
    },
    [path],
  );
  useEffect(() => {
    loaded.value = { data: undefined, at: 0, problem: undefined };
    [asked.current, busy.current, missed.current] = [path, false, { anew: false, further: false }];
    void read(null);
    const end = follow(CHANGED, ["RequestReceived", "ResponseCompleted", "RunFailed"], {
      events: () => void read(null),
      open: (open) => (open ? void read(null) : (loaded.value = cut(loaded.peek()))),
    });
    return () => ((asked.current = ""), end());
  }, [read]);
  const more = useCallback(() => {
    const cursor = loaded.peek().data?.next_cursor;
    if (cursor) void read(cursor);
  }, [read]);
  return { loaded: loaded.value, more };
}

/** Joins a page to those before it: behind them, or in front where it begins anew. */
function joined(known: Page<Run> | undefined, page: Page<Run>, cursor: string | null): Page<Run> {
  if (!known) return page;
  const fresh = new Set(page.data.map((run) => run.run_id));
  if (cursor) return { data: [...known.data.filter((run) => !fresh.has(run.run_id)), ...page.data], next_cursor: page.next_cursor };
  const rest = known.data.filter((run) => !fresh.has(run.run_id));
  if (rest.length === known.data.length && page.next_cursor) return page; // none in common: a gap would be hidden
  return { data: [...page.data, ...rest], next_cursor: rest.length ? known.next_cursor : page.next_cursor };
}
