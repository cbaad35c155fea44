// Numbers and times as people read them.
import { today } from "./now";

/** `aether.sessions.RequestReceived.v1` as `RequestReceived`. */
export function shortType(type: string): string {
  return type.replace(/\.v\d+$/, "").split(".").at(-1) || "record";
}

/** `aether.sessions.events` as `sessions`. */
export function shortTopic(topic: string): string {
  return topic.replace(/^aether\./, "").replace(/\.events$/, "");
}

/** Milliseconds as a duration. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "unknown";
  if (ms === 0) return "0 s";
  if (ms < 1) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (ms < 60_000) return `${Math.floor(ms / 1_000)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1_000)} s`;
  if (ms < 172_800_000) return `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} min`;
  return `${Math.floor(ms / 86_400_000)} days`;
}

/** Seconds as a duration; what nobody knows is said so, never 0. */
export const seconds = (value: number | null): string => duration(value === null ? null : value * 1_000);

/** A count with its thousands parted. */
export const count = (value: number): string => value.toLocaleString("en");

/** A rate a second. */
export function rate(value: number): string {
  if (value > 0 && value < 0.05) return "<0.1/s";
  return `${value === 0 || value >= 10 ? Math.round(value).toLocaleString("en") : value.toFixed(1)}/s`;
}

/** A time of today as its clock, another with its date; always UTC, like the log. */
export function clock(time: string): string {
  const [date = "", rest = ""] = time.split("T");
  const at = rest.replace(/(\.\d{3})\d*/, "$1").replace("Z", "");
  return date === today.value ? at : `${date} ${at}`;
}

/** A text's beginning, and how long it is where that is not all; half a character is none. */
export const clipped = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most).replace(/[\uD800-\uDBFF]$/, "")}… (${count(text.length)} characters)` : text;

/** "1 run", "2 runs". */
export const many = (number: number, noun: string): string =>
  `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
