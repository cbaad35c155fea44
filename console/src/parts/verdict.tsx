// A verdict in a word, a shape and a colour: none of them says it alone.
import type { Status } from "../grid/shapes";

const SHAPES: Record<Status, string> = { ok: "●", warn: "▲", empty: "○", err: "■" };
const WORDS: Record<Status, string> = { ok: "ok", warn: "slow", empty: "nobody reads", err: "stuck" };

export function Verdict({ status }: { status: Status }) {
  return <span class={`verdict is-${status}`}><i aria-hidden="true">{SHAPES[status]}</i> {WORDS[status]}</span>;
}
