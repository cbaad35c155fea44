// What a page asked for: nothing yet, an answer with its age, or a problem; never a frozen answer.
import { useSignal, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ask, Problem } from "./ask";
import { inTurn } from "./turns";

/** An answer that is kept when a later one fails, next to why that failed. */
export interface Loaded<T> {
  data: T | undefined;
  at: number;
  problem: Problem | undefined;
}

/** After so long who was away is asked again. */
export const AGAIN_MS = 2_000;
/** Whoever has not answered by then has not heard. */
const STALLED_MS = 60_000;

/** Asks a path now, whenever it changes, and every so often; returns the answer and "ask again". */
export function useLoaded<T>(path: string, everyMs = 0): [Signal<Loaded<T>>, () => void] {
  return useLooked((stop) => ask<T>(path, { signal: stop }), path, everyMs);
}

/**
 * Looks now, whenever the name of what is looked at changes, and every so often; and until somebody
 * answers. One look at a time: what is asked for during one may be newer than it, and is looked at then.
 */
export function useLooked<T>(look: (stop: AbortSignal) => Promise<T>, name: string, everyMs = 0): [Signal<Loaded<T>>, () => void] {
  const loaded = useSignal<Loaded<T>>({ data: undefined, at: 0, problem: undefined });
  const again = useRef(() => {});
  useEffect(() => {
    const leaving = new AbortController();
    let timer = 0;
    const load = inTurn(async () => {
      window.clearTimeout(timer);
      try {
        const data = await look(AbortSignal.any([leaving.signal, AbortSignal.timeout(STALLED_MS)]));
        loaded.value = { data, at: Date.now(), problem: undefined };
      } catch (error) {
        if (leaving.signal.aborted) return;
        if (!(error instanceof Problem)) throw error;
        loaded.value = { ...loaded.peek(), problem: error };
      }
      if (leaving.signal.aborted) return;
      const wait = everyMs || (loaded.peek().problem?.away ? AGAIN_MS : 0);
      if (wait) timer = window.setTimeout(again.current, wait);
    });
    again.current = () => void load();
    loaded.value = { data: undefined, at: 0, problem: undefined };
    again.current();
    return () => {
      window.clearTimeout(timer);
      leaving.abort();
    };
  }, [name, everyMs]);
  return [loaded, () => again.current()];
}
