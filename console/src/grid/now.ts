// The clock that ages what is on the screen.
import { signal } from "@preact/signals";

/** Now, in milliseconds; moves every second. */
export const now = signal(Date.now());

window.setInterval(() => {
  now.value = Date.now();
}, 1_000);
