// What the observer noticed, and what was done about it, in the last hour. Every look goes on where the
// one before it ended, so that it costs what came since, however much the hour holds.
import type { Signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { ask, Problem, withQuery } from "./ask";
import { useLooked, type Loaded } from "./loaded";
import { gridNow } from "./now";
import type { GridEvent, Page, Topic } from "./shapes";

const TOPIC = "aether.observations.events";
const TYPES = "LagVerdictChanged,AnomalyDetected,HealingRequested,HealingDone,HealingRefused,BreakerOpened,BreakerClosed";
const EVERY_MS = 3_000;
const KEPT = 8;
const HOUR_MS = 3_600_000;

/** When the last hour began, as the grid writes times. */
export const anHourAgo = (): string => new Date(gridNow() - HOUR_MS).toISOString();

/** Returns the latest notable events of the last hour, the newest first. */
export function useNotable(): Signal<Loaded<GridEvent[]>> {
  const seen = useRef<GridEvent[]>([]);
  const cursor = useRef("");
  const look = async (stop: AbortSignal) => {
    const { partitions } = await ask<Topic>(`/api/topics/${TOPIC}`, { signal: stop });
    const told = (one: GridEvent) => one.offset < (partitions[one.partition]?.end ?? 0); // the rest is for the next look
    for (let whole = false; !whole; ) {
      const place = cursor.current ? { cursor: cursor.current } : { from: anHourAgo() };
      const page = await ask<Page<GridEvent>>(withQuery(`/api/events/${TOPIC}`, { ...place, type: TYPES, limit: 200 }), { signal: stop });
      seen.current = [...page.data.filter(told).reverse(), ...seen.current].slice(0, KEPT);
      whole = page.next_cursor === null;
      cursor.current = page.next_cursor ?? partitions.map((one) => one.end).join(".");
    }
    return seen.current.filter((one) => one.recordedtime > anHourAgo());
  };
  const [loaded] = useLooked(async (stop) => {
    try {
      return await look(stop);
    } catch (error) {
      if (error instanceof Problem && !error.away) [seen.current, cursor.current] = [[], ""]; // no place of this log: begin anew
      throw error;
    }
  }, TOPIC, EVERY_MS);
  return loaded;
}
