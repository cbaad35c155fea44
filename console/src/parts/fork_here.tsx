// Tells the run again from an event on with one thing changed; the original stays as it is.
import { useSignal } from "@preact/signals";
import { ask, Problem } from "../grid/ask";
import type { Fork, GridEvent } from "../grid/shapes";
import { many } from "../grid/words";
import { Command } from "./command";
import { Fold } from "./fold";
import { Refused } from "./said";

/** How an event of a fork came about, in words. */
const HOW: Record<string, string> = {
  shared: "as before",
  changed: "changed by you",
  decided: "decided anew",
  recorded: "answered from the record",
  stubbed: "left open: nobody was called",
};

export function ForkHere({ run, event }: { run: string; event: GridEvent }) {
  return <Fold title="Fork from here"><Form run={run} event={event} /></Fold>;
}

function Form({ run, event }: { run: string; event: GridEvent }) {
  const path = useSignal("");
  const value = useSignal("");
  const result = useSignal<Fork | Problem | undefined>(undefined);
  const known = event.data && typeof event.data === "object" ? Object.keys(event.data) : [];
  const tell = async () => {
    try {
      const set = path.value ? { [path.value]: read(value.value) } : {};
      result.value = await ask<Fork>(`/api/runs/${encodeURIComponent(run)}/forks`, {
        method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ at: event.id, set }),
      });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      result.value = error;
    }
  };
  return (
    <form class="fork" onSubmit={(submitted) => (submitted.preventDefault(), void tell())}>
      <label>Change <input list="fork-paths" placeholder="a field, such as text" value={path.value} onInput={(typed) => (path.value = typed.currentTarget.value.trim())} /></label>
      <datalist id="fork-paths">{known.map((name) => <option value={name} />)}</datalist>
      <label>to <input placeholder="text or JSON" value={value.value} onInput={(typed) => (value.value = typed.currentTarget.value)} /></label>
      <button type="submit" class="main">Tell it again</button>
      {result.value instanceof Problem ? <Refused problem={result.value} /> : result.value && <Told fork={result.value} run={run} />}
      {!result.value && <Command text={`aether fork ${run} --at ${event.id}${path.value ? ` --set ${path.value}='${value.value}'` : ""}`} />}
    </form>
  );
}

function Told({ fork, run }: { fork: Fork; run: string }) {
  return (
    <div class="done" role="status">
      <p>fork <code>{fork.fork}</code>, {many(fork.events.length, "event")}</p>
      <ol>{fork.events.map((one) => <li class={one.how === "shared" ? "dim" : ""}><b>{one.event}</b> {one.summary} <span class="tag">{HOW[one.how] ?? one.how}</span></li>)}</ol>
      <Command text={`aether diff ${run} ${fork.fork}`} />
    </div>
  );
}

/** A value that is not JSON is text, as on the command line. */
function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
