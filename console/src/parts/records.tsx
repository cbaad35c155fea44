// The records of a topic from a place on, filtered by the gateway, page after page or as they come.
import { useSignal } from "@preact/signals";
import { useCallback, useEffect, useRef } from "preact/hooks";
import { address, filter } from "../address";
import { ask, Problem, withQuery } from "../grid/ask";
import { cut, follow } from "../grid/follow";
import { AGAIN_MS, type Loaded } from "../grid/loaded";
import type { GridEvent, Page, Topic } from "../grid/shapes";
import { clock, count, shortType } from "../grid/words";
import { usePageKeys } from "../keys";
import { EventPanel } from "./event_panel";
import { begin, scanned } from "./places";
import { neighbour, Rows } from "./rows";
import { Said } from "./said";

const AT_ONCE = 200;
/** So many fill a screen: with fewer the next page is asked for at once. */
const FEW = 40;
const KEPT = 2_000;
const ROW = 28;
/** Where reading begins by a word, and the key for it. */
const KEYS = { latest: "l", earliest: "e", live: "f" };
const PLACES = Object.keys(KEYS);

const placeOf = (one: GridEvent) => `${one.partition}:${one.offset}`;

export function Records({ topic }: { topic: Topic }) {
  const query = address.value.query;
  const [from, type, key] = ["from", "type", "key"].map((name) => query.get(name) ?? "") as [string, string, string];
  const { loaded, meter, more } = useRecords(topic, from, type && shortType(type), key);
  const chosen = useSignal("");
  const choose = (one: GridEvent | undefined) => (chosen.value = one ? placeOf(one) : "");
  const events = loaded.data?.data ?? [];
  const event = events.find((one) => placeOf(one) === chosen.value);
  usePageKeys([
    { keys: "j", does: "next record", run: () => choose(neighbour(events, placeOf, chosen.value, 1)) },
    { keys: "k", does: "record before", run: () => choose(neighbour(events, placeOf, chosen.value, -1)) },
    ...Object.entries(KEYS).map(([place, keys]) => ({ keys, does: place === "live" ? "follow live" : `read from ${place}`, run: () => filter({ from: place }) })),
  ]);
  return (
    <>
      <form class="filters" onSubmit={(submitted) => submitted.preventDefault()}>
        {PLACES.map((place) => <button type="button" aria-pressed={(from || "latest") === place} onClick={() => filter({ from: place })}>{place}</button>)}
        <input aria-label="From partition:offset or a time" placeholder="0:42 or 2026-01-31T12:00" value={PLACES.includes(from) ? "" : from}
          onChange={(changed) => filter({ from: changed.currentTarget.value.trim() })} />
        <select aria-label="Kind of event" value={type && shortType(type)} onChange={(changed) => filter({ type: changed.currentTarget.value })}>
          <option value="">every kind</option>
          {topic.types.map((one) => <option value={shortType(one)}>{shortType(one)}</option>)}
        </select>
        <input aria-label="Key" placeholder={`key: ${topic.key}`} value={key} onChange={(changed) => filter({ key: changed.currentTarget.value.trim() })} />
        <span class="dim" role="status">{meter}</span>
      </form>
      <div class="two">
        <Said loaded={loaded} empty={(page) => page.data.length === 0} nothing={<p>{from === "live" ? "Waiting for the next record…" : loaded.data?.next_cursor ? "looking further…" : "No record from here on has these properties."}</p>}>
          {(page) => (
            <Rows label="Records" rows={page.data} height={ROW} id={placeOf} chosen={chosen.value} choose={choose} more={more}>
              {(one) => <span class="record"><time>{clock(one.recordedtime)}</time><span class="dim">{placeOf(one)}</span><b>{one.unreadable ? "unreadable" : shortType(one.type)}</b><span class="long">{one.partitionkey}</span></span>}
            </Rows>
          )}
        </Said>
        {event && <EventPanel event={event} events={events} choose={choose} />}
      </div>
    </>
  );
}

function useRecords(topic: Topic, from: string, type: string, key: string) {
  const loaded = useSignal<Loaded<Page<GridEvent>>>({ data: undefined, at: 0, problem: undefined });
  const begun = useRef<{ from?: string; cursor?: string }>({});
  const path = `/api/events/${encodeURIComponent(topic.name)}`;
  const reading = useRef<object | undefined>(undefined); // where that reading began of which a page is on its way
  const read = useCallback(async (cursor: string | null) => {
    const mine = begun.current;
    if (reading.current === mine) return;
    reading.current = mine;
    let next = cursor;
    try {
      do {
        const page = await ask<Page<GridEvent>>(withQuery(path, { ...(next ? { cursor: next } : mine), type, key, limit: AT_ONCE }));
        if (begun.current !== mine) return; // reading began anew elsewhere
        const data = next ? [...(loaded.peek().data?.data ?? []), ...page.data] : page.data;
        loaded.value = { data: { data, next_cursor: page.next_cursor }, at: Date.now(), problem: undefined };
        next = data.length < FEW ? page.next_cursor : null; // rare ones may lie far ahead
      } while (next);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (begun.current !== mine) return;
      loaded.value = { ...loaded.peek(), problem: error };
      if (error.away) window.setTimeout(() => begun.current === mine && void read(next), AGAIN_MS);
    } finally {
      if (reading.current === mine) reading.current = undefined;
    }
  }, [path, type, key]);
  useEffect(() => {
    loaded.value = { data: undefined, at: 0, problem: undefined };
    begun.current = begin(topic, from);
    if (from !== "live") {
      void read(null);
      return () => void (begun.current = {});
    }
    loaded.value = { data: { data: [], next_cursor: null }, at: Date.now(), problem: undefined };
    return follow(withQuery(path, { type, key }), topic.types.map(shortType).concat("record"), {
      events: (events) => {
        const data = [...events.reverse(), ...(loaded.peek().data?.data ?? [])].slice(0, KEPT);
        loaded.value = { data: { data, next_cursor: null }, at: Date.now(), problem: undefined };
      },
      behind: (id) => withQuery(path, { type, key, cursor: id }),
      open: (open) => {
        loaded.value = open ? { ...loaded.peek(), problem: undefined } : cut(loaded.peek());
      },
    });
  }, [read, from]);
  const data = loaded.value.data;
  const next = data?.next_cursor;
  const more = useCallback(() => void (next && read(next)), [read, next]);
  return { loaded: loaded.value, meter: data ? told(topic, from, begun.current, data) : "", more: next ? more : undefined };
}

/** Says how much was looked at for what is shown. */
function told(topic: Topic, from: string, start: { from?: string; cursor?: string }, page: Page<GridEvent>): string {
  if (from === "live") return `${count(page.data.length)} came since you look`;
  if (start.from && start.from !== "start") return `${count(page.data.length)} shown`;
  const [read, all] = scanned(topic, start, page.next_cursor);
  return `${count(page.data.length)} shown, ${count(read)} of ${count(all)} looked at`;
}
