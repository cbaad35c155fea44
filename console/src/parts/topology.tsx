// Topics and their readers as a graph, with the records a second that flow between them.
import { Graph, layout } from "@dagrejs/dagre";
import { useMemo } from "preact/hooks";
import { link } from "../address";
import type { Group, Status } from "../grid/shapes";
import { rate, shortTopic } from "../grid/words";

const WIDTH = 170;
const HEIGHT = 30;

interface Flow {
  topic: string;
  group: string;
  rate: number;
  status: Status;
}

export function Topology({ groups }: { groups: Group[] }) {
  const flows = groups.flatMap(flowsOf);
  const shape = flows.map((flow) => `${flow.topic}\n${flow.group}`).join("\n\n");
  const graph = useMemo(() => laidOut(flows), [shape]);
  const status = new Map(groups.map((group) => [group.group, group.status]));
  const { width = 0, height = 0 } = graph.graph();
  return (
    <div class="topology">
      <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="group" aria-label="Topics and the groups that read them">
        {flows.map((flow) => {
          const points = graph.edge(`t ${flow.topic}`, `g ${flow.group}`)?.points ?? [];
          const middle = points[Math.floor(points.length / 2)];
          return (
            <g class={`flow ${flow.status} ${flow.rate > 0 ? "moving" : ""}`}>
              <path d={points.map((p: { x: number; y: number }, at: number) => `${at ? "L" : "M"}${p.x} ${p.y}`).join("")} />
              {middle && flow.rate > 0 && <text x={middle.x} y={middle.y - 4}>{rate(flow.rate)}</text>}
            </g>
          );
        })}
        {graph.nodes().map((id: string) => {
          const node = graph.node(id);
          const name = id.slice(2);
          const topic = id.startsWith("t ");
          return (
            <a href={topic ? link("streams", name) : link("lag", name)} class={topic ? "topic" : `group ${status.get(name)}`}>
              <title>{name}</title>
              <rect x={node.x - WIDTH / 2} y={node.y - HEIGHT / 2} width={WIDTH} height={HEIGHT} rx={topic ? 3 : 15} />
              <text x={node.x} y={node.y + 4}>{(topic ? shortTopic(name) : name).slice(0, 24)}</text>
            </a>
          );
        })}
      </svg>
    </div>
  );
}

/** What a group reads, a flow a topic; the rate is how fast it reads. */
function flowsOf(group: Group): Flow[] {
  return group.topics.map((one) => ({ topic: one.topic, group: group.group, rate: one.out_per_s, status: group.status }));
}

function laidOut(flows: Flow[]) {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 10, ranksep: 130, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { topic, group } of flows) {
    graph.setNode(`t ${topic}`, { width: WIDTH, height: HEIGHT });
    graph.setNode(`g ${group}`, { width: WIDTH, height: HEIGHT });
    graph.setEdge(`t ${topic}`, `g ${group}`);
  }
  layout(graph);
  return graph;
}
