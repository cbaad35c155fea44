// A series over time, drawn by uPlot; a gap where nobody knows.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

interface Props {
  /** Seconds since 1970, rising. */
  times: number[];
  values: (number | null)[];
  label: string;
  unit: string;
}

const HEIGHT = 160;

/** A colour of the style as a canvas understands it: `light-dark()` is worked out by the element. */
function resolved(element: HTMLElement, name: string): string {
  element.style.color = `var(${name})`;
  const colour = getComputedStyle(element).color;
  element.style.color = "";
  return colour;
}

export function Series({ times, values, label, unit }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  useEffect(() => {
    const colour = (name: string) => resolved(box.current!, name);
    const axis = { stroke: colour("--dim"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    plot.current = new uPlot(
      {
        width: box.current!.clientWidth, height: HEIGHT,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), "Etc/UTC"), // like every time here
        series: [{}, { label, stroke: colour("--accent"), width: 1.5, fill: colour("--shade"), value: (_, value) => (value === null ? "unknown" : `${value.toFixed(1)} ${unit}`) }],
        axes: [axis, { ...axis, size: 60, values: (_, ticks) => ticks.map((tick) => `${tick} ${unit}`) }],
        scales: { y: { range: (_, __, most) => [0, Math.max(1, most)] } },
      },
      [times, values], box.current!,
    );
    const sized = new ResizeObserver(() => plot.current?.setSize({ width: box.current!.clientWidth, height: HEIGHT }));
    sized.observe(box.current!);
    return () => (sized.disconnect(), plot.current?.destroy());
  }, [label, unit]);
  useEffect(() => plot.current?.setData([times, values]), [times, values]);
  return <div class="series" ref={box} role="img" aria-label={`${label}, now ${values.at(-1) ?? "unknown"} ${unit}`} />;
}
