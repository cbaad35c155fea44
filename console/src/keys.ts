// The keyboard: one table of keys, of which the help is printed.
import { signal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";
import { go, link } from "./address";

/** A key, or two in a row, and what they do. */
export interface Key {
  keys: string;
  does: string;
  run: () => void;
}

/** Whether the help is open. */
export const helping = signal(false);

const GLOBAL: Key[] = [
  { keys: "g o", does: "go to Overview", run: () => go(link("overview")) },
  { keys: "g r", does: "go to Runs", run: () => go(link("runs")) },
  { keys: "g s", does: "go to Streams", run: () => go(link("streams")) },
  { keys: "g l", does: "go to Lag", run: () => go(link("lag")) },
  { keys: "/", does: "search on this page", run: () => focusOn("[data-search]") },
  { keys: "?", does: "show or hide these keys", run: () => (helping.value = !helping.value) },
];

const TWO_KEYS_MS = 1_000;

let ofPage: Key[] = [];
let first = "";
let firstAt = 0;

/** Gives the page that is shown its keys: from the moment on in which what they act on is to be seen. */
export function usePageKeys(keys: Key[]): void {
  useLayoutEffect(() => {
    ofPage = keys;
    return () => {
      if (ofPage === keys) ofPage = [];
    };
  });
}

/** All keys that do something now. */
export const keysNow = (): Key[] => [...ofPage, ...GLOBAL];

/** Runs what a key stands for. */
export function pressed(event: KeyboardEvent): void {
  if (event.metaKey || event.ctrlKey || event.altKey) return;
  if (event.key === "Escape") {
    helping.value = false;
    (document.activeElement as HTMLElement | null)?.blur();
    return;
  }
  const on = event.target as Element;
  if (on.closest("input, textarea, select")) return;
  if (event.key === "Enter" && on.closest("a, button, summary")) return; // it has an Enter of its own
  const both = Date.now() - firstAt < TWO_KEYS_MS ? `${first} ${event.key}` : event.key;
  const found = keysNow().find((key) => key.keys === both) ?? keysNow().find((key) => key.keys === event.key);
  [first, firstAt] = [event.key, Date.now()];
  if (!found) return;
  event.preventDefault();
  first = "";
  found.run();
}

function focusOn(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus();
}
