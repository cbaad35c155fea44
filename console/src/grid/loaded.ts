// What a page asked for: nothing yet, an answer with its age, or a problem; never a frozen answer.
import { useSignal, type Signal } from "@preact/signals";
import { useCallback, useEffect } from "preact/hooks";
import { ask, Problem } from "./ask";

/** An answer that is kept when a later one fails, next to why that failed. */
export interface Loaded<T> {
  data: T | undefined;
  at: number;
  problem: Problem | undefined;
}

/** Asks a path now, whenever it changes, and every so often; returns the answer and "ask again". */
export function useLoaded<T>(path: string | null, everyMs = 0): [Signal<Loaded<T>>, () => void] {
  const loaded = useSignal<Loaded<T>>({ data: undefined, at: 0, problem: undefined });
  const load = useCallback(
    async (stop?: AbortSignal) => {
      if (path === null) return;
      try {
        const data = await ask<T>(path, stop ? { signal: stop } : {});
        loaded.value = { data, at: Date.now(), problem: undefined };
      } catch (error) {
        if (error instanceof Problem) loaded.value = { ...loaded.peek(), problem: error };
        else if (!stop?.aborted) throw error;
      }
    },
    [path],
  );
  useEffect(() => {
    const leaving = new AbortController();
    loaded.value = { data: undefined, at: 0, problem: undefined };
    void load(leaving.signal);
    const timer = everyMs ? window.setInterval(() => void load(leaving.signal), everyMs) : 0;
    return () => {
      window.clearInterval(timer);
      leaving.abort();
    };
  }, [load, everyMs]);
  return [loaded, () => void load()];
}
