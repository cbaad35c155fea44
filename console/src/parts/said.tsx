// The states that every list shares: asked for, nothing there, refused, and old.
import type { ComponentChildren } from "preact";
import type { Problem } from "../grid/ask";
import type { Loaded } from "../grid/loaded";
import { now } from "../grid/now";
import { duration } from "../grid/words";

const OLD_MS = 10_000;

interface Props<T> {
  loaded: Loaded<T>;
  /** Whether there is nothing in an answer. */
  empty: (data: T) => boolean;
  /** What to say, and to do, when there is nothing. */
  nothing: ComponentChildren;
  /** Whether answers come regularly, so that one without successor is old. */
  live?: boolean;
  children: (data: T) => ComponentChildren;
}

/** Shows an answer, or why there is none. */
export function Said<T>({ loaded, empty, nothing, live, children }: Props<T>) {
  const { data, at, problem } = loaded;
  if (data === undefined) {
    return problem ? <Refused problem={problem} /> : <p class="empty" aria-busy="true">asking the grid…</p>;
  }
  const age = now.value - at;
  const old = problem || (live && age > OLD_MS);
  return (
    <>
      {old && <p class="old" role="alert">as it was {duration(age)} ago{problem ? `: ${problem.message}` : ""}</p>}
      <div class={old ? "stale" : ""}>{empty(data) ? <div class="empty">{nothing}</div> : children(data)}</div>
    </>
  );
}

/** A problem, with what to do. */
export function Refused({ problem }: { problem: Problem }) {
  return (
    <div class="refused" role="alert">
      <b>{problem.title}</b>
      {problem.detail && <p>{problem.detail}</p>}
    </div>
  );
}
