// Follows a stream of events for as long as somebody looks; the browser itself reconnects and says
// where it was (Last-Event-ID), so that nothing is missed and nothing is told twice.
import { Problem } from "./ask";
import type { Loaded } from "./loaded";
import type { GridEvent } from "./shapes";

/** What happens to a stream. */
export interface Follower {
  /** Events, in order; several when many came at once. */
  events(events: GridEvent[]): void;
  /** Whether the stream is open. */
  open?(open: boolean): void;
}

const TOLD_EVERY_MS = 100;

/** Returns what was loaded as it is once its stream is cut: true until now, and no longer. */
export function cut<T>(loaded: Loaded<T>): Loaded<T> {
  if (loaded.problem) return loaded;
  return { ...loaded, at: Date.now(), problem: new Problem("The stream was cut", "it goes on by itself where it was", 0) };
}

/** Follows a path that answers with server-sent events of these types; returns what ends it. */
export function follow(path: string, types: string[], follower: Follower): () => void {
  const source = new EventSource(path);
  let waiting: GridEvent[] = [];
  let timer = 0;
  const tell = () => {
    timer = 0;
    const events = waiting;
    waiting = [];
    follower.events(events);
  };
  const heard = (message: MessageEvent<string>) => {
    waiting.push(JSON.parse(message.data) as GridEvent);
    timer ||= window.setTimeout(tell, TOLD_EVERY_MS);
  };
  for (const type of types) source.addEventListener(type, heard);
  source.addEventListener("open", () => follower.open?.(true));
  source.addEventListener("error", () => follower.open?.(false));
  return () => {
    window.clearTimeout(timer);
    source.close();
  };
}
