// The run as a timeline: every event a bar from its cause to itself, so that waiting is seen.
import { duration, shortType } from "../grid/words";
import { endOf } from "./tree";
import { Rows } from "./rows";
import { marks, type View } from "./views";

const ROW = 26;

export function Timeline(view: View) {
  const rows = [...view.nodes].sort((a, b) => a.at - b.at || a.event.offset - b.event.offset);
  const whole = Math.max(1, rows.at(-1)?.at ?? 1);
  const at = new Map(rows.map((node) => [node.event.id, node.at]));
  return (
    <Rows label="Timeline" rows={rows} height={ROW} id={(node) => node.event.id} chosen={view.chosen} choose={(node) => view.choose(node.event)}>
      {(node) => {
        const from = at.get(node.cause ?? "") ?? node.at;
        const took = Math.max(0, node.at - from);
        return (
          <span class={`bar ${marks(view, node.event.id)}`}>
            <b class="long">{shortType(node.event.type)}</b>
            <span class="track"><i class={endOf(node.event.type)} style={{ left: `${(100 * from) / whole}%`, width: `max(3px, ${(100 * took) / whole}%)` }} /></span>
            <span class="dim">{took ? duration(took) : `+${duration(node.at)}`}</span>
          </span>
        );
      }}
    </Rows>
  );
}
