// Follows a stream of events for as long as somebody looks; the browser itself reconnects and says
// where it was (Last-Event-ID), so that nothing is missed and nothing is told twice. One that was
// refused (too many streams, a gateway that only begins) the browser gives up: we ask for it anew.
import { Problem } from "./ask";
import type { Loaded } from "./loaded";
import type { GridEvent } from "./shapes";

/** What happens to a stream. */
export interface Follower {
  /** Events, in order; several when many came at once. */
  events(events: GridEvent[]): void;
  /** Whether the stream is open. */
  open?(open: boolean): void;
  /** The path that goes on behind an event's id; without it a stream that was refused begins anew. */
  behind?(id: string): string;
}

const TOLD_EVERY_MS = 100;
const AGAIN_MS = 3_000;

/** Returns what was loaded as it is once its stream is cut: true until now, and no longer. */
export function cut<T>(loaded: Loaded<T>): Loaded<T> {
  if (loaded.problem) return loaded;
  return { ...loaded, at: Date.now(), problem: new Problem("The stream was cut", "it goes on by itself where it was", 0) };
}

/** Follows a path that answers with server-sent events of these types; returns what ends it. */
export function follow(path: string, types: string[], follower: Follower): () => void {
  let source: EventSource;
  let waiting: GridEvent[] = [];
  let [timer, again, last] = [0, 0, ""];
  const tell = () => {
    timer = 0;
    const events = waiting;
    waiting = [];
    follower.events(events);
  };
  const heard = (message: MessageEvent<string>) => {
    last = message.lastEventId;
    waiting.push(JSON.parse(message.data) as GridEvent);
    timer ||= window.setTimeout(tell, TOLD_EVERY_MS);
  };
  const begin = () => {
    source = new EventSource((last && follower.behind?.(last)) || path);
    for (const type of types) source.addEventListener(type, heard);
    source.addEventListener("open", () => follower.open?.(true));
    source.addEventListener("error", () => {
      follower.open?.(false);
      if (source.readyState === EventSource.CLOSED) again = window.setTimeout(begin, AGAIN_MS);
    });
  };
  begin();
  return () => {
    window.clearTimeout(timer);
    window.clearTimeout(again);
    source.close();
  };
}
