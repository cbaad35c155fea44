// The lag of one group over the last minutes, as it was sampled into the log.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Group } from "../grid/shapes";

const KEPT = 600;

/** Collects a group's lag in seconds for as long as it is looked at. */
export function useLagSeries(group: Group | undefined): { times: number[]; values: (number | null)[] } {
  const points = useSignal<{ times: number[]; values: (number | null)[] }>({ times: [], values: [] });
  useEffect(() => void (points.value = { times: [], values: [] }), [group?.group]);
  useEffect(() => {
    if (!group) return;
    const at = group.at_ms / 1_000;
    const { times, values } = points.peek();
    if (at <= (times.at(-1) ?? 0)) return;
    points.value = { times: [...times, at].slice(-KEPT), values: [...values, group.seconds].slice(-KEPT) };
  }, [group]);
  return points.value;
}
