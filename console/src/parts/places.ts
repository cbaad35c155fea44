// Where a reader stands in a topic: the next offset of every partition, as the gateway writes it.
import type { Topic } from "../grid/shapes";

/** How far back "latest" begins, in each partition. */
const LATEST = 50;

/** Returns the query that begins reading where a word says. */
export function begin(topic: Topic, from: string): { from?: string; cursor?: string } {
  const spans = topic.partitions;
  if (from === "" || from === "latest") return { cursor: spans.map((one) => Math.max(one.first, one.end - LATEST)).join(".") };
  if (from === "earliest") return { from: "start" };
  const [, partition, offset] = /^(\d+):(\d+)$/.exec(from) ?? [];
  if (partition === undefined) return { from: from.endsWith("Z") ? from : `${from}Z` };
  return { cursor: spans.map((one) => (one.partition === Number(partition) ? Math.max(one.first, Math.min(Number(offset), one.end)) : one.end)).join(".") };
}

/** How much of a topic lies between the place where reading began and its end, and how much is read. */
export function scanned(topic: Topic, from: { from?: string; cursor?: string }, next: string | null): [number, number] {
  const ends = topic.partitions.map((one) => one.end);
  const starts = from.cursor ? from.cursor.split(".").map(Number) : topic.partitions.map((one) => one.first);
  const all = ends.reduce((sum, end, at) => sum + end - (starts[at] ?? end), 0);
  if (next === null) return [all, all];
  const read = next.split(".").reduce((sum, place, at) => sum + Math.max(0, Number(place) - (starts[at] ?? 0)), 0);
  return [Math.min(read, all), all];
}
