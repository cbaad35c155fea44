// Partitions as a map: a row a topic, a cell a partition, darker the more seconds it is behind.
import type { Group, GroupPartition } from "../grid/shapes";
import { seconds, shortTopic } from "../grid/words";

/** Seconds from which a cell has the next darker shade. */
const STEPS = [0.5, 2, 10, 60, 600];

export function HeatMap({ topics }: { topics: Group["topics"] }) {
  return (
    <div class="heat" role="img" aria-label="Partitions, darker the further behind">
      {topics.map((topic) => (
        <div>
          <span class="long" title={topic.topic}>{shortTopic(topic.topic)}</span>
          {topic.partitions.map((one) => (
            <i class={one.seconds === null && one.lag ? "unknown" : `heat-${shade(one)}`} title={`${topic.topic} [${one.partition}]: ${one.lag} records, ${seconds(one.seconds)}`} />
          ))}
        </div>
      ))}
    </div>
  );
}

const shade = (one: GroupPartition): number => STEPS.filter((step) => (one.seconds ?? 0) >= step).length;
