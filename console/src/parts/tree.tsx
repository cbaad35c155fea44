// The run as a tree: every event below what caused it.
import { duration, shortType } from "../grid/words";
import { actor, type Node } from "./causes";
import { Rows } from "./rows";
import { marks, type View } from "./views";

const ROW = 30;
const DEEPEST = 14;

export function Tree(view: View) {
  return (
    <Rows label="Tree" rows={view.nodes} height={ROW} id={(node) => node.event.id} chosen={view.chosen} choose={(node) => view.choose(node.event)}>
      {(node) => <Line node={node} marks={marks(view, node.event.id)} />}
    </Rows>
  );
}

function Line({ node, marks }: { node: Node; marks: string }) {
  return (
    <span class={`branch ${marks}`} style={{ paddingInlineStart: `${8 + Math.min(node.depth, DEEPEST) * 18}px` }}>
      <i aria-hidden="true">{node.depth ? "└" : "●"}</i>
      <b class={endOf(node.event.type)}>{shortType(node.event.type)}</b>
      <span class="dim long">{actor(node.event)}</span>
      <span class="dim">+{duration(node.at)}</span>
    </span>
  );
}

/** Colours what ended a run. */
export function endOf(type: string): string {
  const name = shortType(type);
  if (/Failed|Refused|Expired/.test(name)) return "bad";
  return name === "ResponseCompleted" ? "good" : "";
}
