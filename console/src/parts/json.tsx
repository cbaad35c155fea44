// A JSON value to read: folded where it is long, with its first hundred members only.
import { clipped } from "../grid/words";

const MEMBERS = 100;
const TEXT = 2_000;
/** Lists of numbers, such as vectors, are told by their length. */
const NUMBERS = 16;

export function Json({ value }: { value: unknown }) {
  return <div class="json"><Value value={value} depth={0} /></div>;
}

function Value({ value, depth }: { value: unknown; depth: number }) {
  if (value === null || value === undefined) return <span class="null">null</span>;
  if (typeof value === "string") return <span class="text">{clipped(value, TEXT) || '""'}</span>;
  if (typeof value !== "object") return <span class="number">{String(value)}</span>;
  const members = Array.isArray(value) ? value.map((one, at) => [String(at), one] as const) : Object.entries(value);
  if (members.length === 0) return <span class="null">{Array.isArray(value) ? "[]" : "{}"}</span>;
  if (Array.isArray(value) && value.length > NUMBERS && value.every((one) => typeof one === "number")) {
    return <span class="number">{value.length} numbers, {value.slice(0, 3).join(", ")}…</span>;
  }
  return (
    <details open={depth < 2}>
      <summary>{Array.isArray(value) ? `${members.length} items` : `${members.length} fields`}</summary>
      <dl>
        {members.slice(0, MEMBERS).map(([name, one]) => <div><dt>{name}</dt><dd><Value value={one} depth={depth + 1} /></dd></div>)}
        {members.length > MEMBERS && <div><dt>…</dt><dd>{members.length - MEMBERS} more</dd></div>}
      </dl>
    </details>
  );
}
