// The run as lanes: one for each who acts, time downwards, an arrow from every cause to its effect.
import { shortType } from "../grid/words";
import { actor } from "./causes";
import { endOf } from "./tree";
import { DRAWN, First } from "./first";
import { marks, type View } from "./views";

const LANE = 160;
const STEP = 34;
const TOP = 34;

export function Lanes(view: View) {
  const events = [...view.nodes].map((node) => node.event).sort((a, b) => a.recordedtime.localeCompare(b.recordedtime) || a.offset - b.offset);
  const drawn = events.slice(0, DRAWN);
  const lanes = [...new Set(drawn.map(actor))];
  const place = new Map(drawn.map((event, at) => [event.id, { x: lanes.indexOf(actor(event)) * LANE + LANE / 2, y: TOP + at * STEP + STEP / 2 }]));
  return (
    <div class="lanes" tabIndex={0}>
      <First of={events.length} />
      <svg width={lanes.length * LANE} height={TOP + drawn.length * STEP + 10} role="img" aria-label="Who caused what">
        <defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" /></marker></defs>
        {lanes.map((lane, at) => (
          <g class="lane"><line x1={at * LANE + LANE / 2} x2={at * LANE + LANE / 2} y1={TOP} y2="100%" /><text x={at * LANE + LANE / 2} y={20}>{lane}</text></g>
        ))}
        {drawn.map((event) => {
          const [from, to] = [place.get(event.causationid ?? ""), place.get(event.id)!];
          if (!from) return null;
          const bend = from.x === to.x ? 46 : 0;
          return <path class={`cause ${view.seen.has(event.id) ? "" : "later"}`} marker-end="url(#tip)"
            d={`M${from.x} ${from.y}C${from.x + bend} ${(from.y + to.y) / 2} ${to.x + bend} ${(from.y + to.y) / 2} ${to.x + (bend ? 7 : 0)} ${to.y - (bend ? 0 : 8)}`} />;
        })}
        {drawn.map((event) => {
          const { x, y } = place.get(event.id)!;
          return (
            <g class={`dot ${marks(view, event.id)} ${endOf(event.type)}`} onClick={() => view.choose(event)}>
              <circle cx={x} cy={y} r={6} /><text x={x + 11} y={y + 4}>{shortType(event.type)}</text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}
