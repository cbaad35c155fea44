// Whether the grid answers, asked every few seconds: what is on the screen is only as true as this.
import { computed, signal } from "@preact/signals";
import { now } from "./now";

export type Health = "unknown" | "ready" | "degraded" | "away";

/** What /readyz said last. */
export interface Pulse {
  health: Health;
  /** When it was heard; 0 if never. */
  at: number;
  /** What is not ready, in words. */
  why: string;
}

const EVERY_MS = 2_000;
const STALE_MS = 8_000;

const heard = signal<Pulse>({ health: "unknown", at: 0, why: "" });

/** The pulse; one that is not heard for long is no pulse, whatever it said. */
export const pulse = computed<Pulse>(() => {
  const last = heard.value;
  const stale = last.health === "ready" && now.value - last.at > STALE_MS;
  return stale ? { ...last, health: "unknown", why: "nothing heard" } : last;
});

/** Asks until the page is closed. */
export async function listen(): Promise<never> {
  for (;;) {
    heard.value = await felt();
    await new Promise((resolve) => window.setTimeout(resolve, EVERY_MS));
  }
}

async function felt(): Promise<Pulse> {
  try {
    const response = await fetch("/readyz?verbose", { signal: AbortSignal.timeout(STALE_MS / 2) });
    const at = Date.now();
    return response.ok
      ? { health: "ready", at, why: "" }
      : { health: "degraded", at, why: (await response.text()).slice(0, 300) };
  } catch {
    return { health: "away", at: heard.value.at, why: "the gateway does not answer" };
  }
}
