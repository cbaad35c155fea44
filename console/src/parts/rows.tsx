// A list of any length of which only the rows in sight are drawn; chosen with mouse or keys.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

const SPARE = 8;

interface Props<T> {
  label: string;
  rows: T[];
  height: number;
  /** Where the chosen row is; -1 for none. */
  chosen: number;
  choose: (index: number) => void;
  /** Asked for when the end comes into sight. */
  more?: (() => void) | undefined;
  open?: ((row: T) => void) | undefined;
  /** Whether every row is a link: then this is a list of links, else one of options. */
  links?: boolean;
  children: (row: T, index: number) => ComponentChildren;
}

/** Draws the rows in sight; the box scrolls, and its height is that of its place. */
export function Rows<T>({ label, rows, height, chosen, choose, more, open, links, children }: Props<T>) {
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
  useEffect(() => {
    if (chosen >= 0) into(box.current!, chosen * height, height);
  }, [chosen, height]);
  const keys = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: 20, PageUp: -20 }[event.key];
    const row = rows[chosen];
    if (step) choose(Math.max(0, Math.min(rows.length - 1, chosen + step)));
    else if (event.key === "Enter" && row !== undefined) open?.(row);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="rows" ref={box} tabIndex={0} role={links ? "list" : "listbox"} aria-label={label} onKeyDown={keys}
      aria-activedescendant={!links && chosen >= first && chosen < last ? `${label}-${chosen}` : undefined}
      onScroll={() => (top.value = box.current!.scrollTop)}>
      <div class="all" style={{ height: `${rows.length * height}px` }}>
        {rows.slice(first, last).map((row, at) => (
          <div key={first + at} id={`${label}-${first + at}`} role={links ? "listitem" : "option"} aria-selected={links ? undefined : first + at === chosen}
            class={`row ${first + at === chosen ? "chosen" : ""}`} style={{ top: `${(first + at) * height}px`, height: `${height}px` }}
            onClick={() => choose(first + at)} onDblClick={() => open?.(row)}>
            {children(row, first + at)}
          </div>
        ))}
      </div>
    </div>
  );
}

function into(box: HTMLElement, at: number, height: number): void {
  if (at < box.scrollTop) box.scrollTop = at;
  else if (at + height > box.scrollTop + box.clientHeight) box.scrollTop = at + height - box.clientHeight;
}
