// A run's events as the tree of what caused what, and as times from its beginning.
import type { GridEvent } from "../grid/shapes";

/** An event in the tree: how deep it stands, and when it came, in ms from the first. */
export interface Node {
  event: GridEvent;
  depth: number;
  at: number;
  cause: string | undefined;
}

/** Returns the events in the order of the tree, effects below their cause, in the log's order. */
export function tree(events: GridEvent[]): Node[] {
  const known = new Set(events.map((event) => event.id));
  const below = new Map<string, GridEvent[]>();
  for (const event of events) {
    const cause = event.causationid && known.has(event.causationid) ? event.causationid : "";
    below.set(cause, [...(below.get(cause) ?? []), event]);
  }
  const start = Date.parse(events[0]?.recordedtime ?? "");
  const nodes: Node[] = [];
  const seen = new Set<string>();
  const waiting = (below.get("") ?? []).map((event) => ({ event, depth: 0 })).reverse();
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { event, depth } = next;
    if (seen.has(event.id)) continue;
    seen.add(event.id);
    nodes.push({ event, depth, at: Date.parse(event.recordedtime) - start, cause: event.causationid });
    for (const effect of [...(below.get(event.id) ?? [])].reverse()) waiting.push({ event: effect, depth: depth + 1 });
  }
  return nodes;
}

/** Returns an event's links: what caused it, and what it caused. */
export function linksOf(event: GridEvent, events: GridEvent[]): { cause: GridEvent | undefined; effects: GridEvent[] } {
  return {
    cause: events.find((one) => one.id === event.causationid),
    effects: events.filter((one) => one.causationid === event.id),
  };
}

/** Whose work an event is: the decider that wrote it, or the component of its source. */
export function actor(event: GridEvent): string {
  return event.aetherprocessor?.split(" ")[0] ?? event.source?.split("/").at(-1) ?? "unknown";
}
