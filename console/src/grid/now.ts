// The clock that ages what is on the screen, and the grid's own: a browser's may be wrong by hours.
import { computed, signal } from "@preact/signals";

/** Now, in milliseconds; moves every second. */
export const now = signal(Date.now());

window.setInterval(() => {
  now.value = Date.now();
}, 1_000);

/** How far the grid's clock is ahead of the browser's, in milliseconds. */
const ahead = signal(0);
/** An answer's date is that of a whole second, and took its time. */
const EXACT_MS = 2_000;

/** Sets the grid's clock by the date of an answer. */
export function setBy(date: string | null): void {
  const found = Date.parse(date ?? "") - Date.now();
  if (!Number.isNaN(found) && Math.abs(found - ahead.peek()) > EXACT_MS) ahead.value = found;
}

/** Now by the grid's clock, in milliseconds. */
export const gridNow = (): number => Date.now() + ahead.peek();

/** The grid's day, in UTC. */
export const today = computed(() => new Date(now.value + ahead.value).toISOString().slice(0, 10));
