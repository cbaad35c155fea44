// A list of any length of which only the rows in sight are drawn; chosen with mouse or keys. A row is
// chosen by who it is, not by where: others may come in front of it at any time.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

const SPARE = 8;

interface Props<T> {
  label: string;
  rows: T[];
  height: number;
  id: (row: T) => string;
  /** Who is chosen; empty for none. */
  chosen: string;
  choose: (row: T) => void;
  /** Asked for when the end comes into sight. */
  more?: (() => void) | undefined;
  open?: ((row: T) => void) | undefined;
  /** Whether every row is a link: then this is a list of links, else one of options. */
  links?: boolean;
  children: (row: T) => ComponentChildren;
}

/** Draws the rows in sight; the box scrolls, and its height is that of its place. */
export function Rows<T>({ label, rows, height, id, chosen, choose, more, open, links, children }: Props<T>) {
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const room = useSignal(800);
  useLayoutEffect(() => {
    const sized = new ResizeObserver(() => (room.value = box.current?.clientHeight ?? 800));
    sized.observe(box.current!);
    return () => sized.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(top.value / height) - SPARE);
  const last = Math.min(rows.length, Math.ceil((top.value + room.value) / height) + SPARE);
  useEffect(() => {
    if (last >= rows.length) more?.();
  }, [last, rows.length, more]);
  const at = rows.findIndex((row) => id(row) === chosen);
  useEffect(() => {
    if (at >= 0) into(box.current!, at * height, height);
  }, [chosen, at >= 0, height]);
  const keys = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: 20, PageUp: -20 }[event.key];
    const row = step ? neighbour(rows, id, chosen, step) : rows[at];
    if (step && row !== undefined) choose(row);
    else if (event.key === "Enter" && row !== undefined) open?.(row);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="rows" ref={box} tabIndex={0} role={links ? "list" : "listbox"} aria-label={label} onKeyDown={keys}
      aria-activedescendant={!links && at >= first && at < last ? `${label}-${at}` : undefined}
      onScroll={() => (top.value = box.current!.scrollTop)}>
      <div class="all" style={{ height: `${rows.length * height}px` }}>
        {rows.slice(first, last).map((row, below) => (
          <div key={first + below} id={`${label}-${first + below}`} role={links ? "listitem" : "option"} aria-selected={links ? undefined : first + below === at}
            class={`row ${first + below === at ? "chosen" : ""}`} style={{ top: `${(first + below) * height}px`, height: `${height}px` }}
            onClick={() => choose(row)} onDblClick={() => open?.(row)}>
            {children(row)}
          </div>
        ))}
      </div>
    </div>
  );
}

/** Returns the row so many behind the chosen one, or the last on the way; undefined if there is none. */
export function neighbour<T>(rows: T[], id: (row: T) => string, chosen: string, by: number): T | undefined {
  const at = rows.findIndex((row) => id(row) === chosen);
  return rows[Math.max(0, Math.min(rows.length - 1, at + by))];
}

function into(box: HTMLElement, at: number, height: number): void {
  if (at < box.scrollTop) box.scrollTop = at;
  else if (at + height > box.scrollTop + box.clientHeight) box.scrollTop = at + height - box.clientHeight;
}
