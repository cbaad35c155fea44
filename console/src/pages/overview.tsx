// Overview: does the grid keep up, what reads what and how fast, and what happened lately.
import { useEffect } from "preact/hooks";
import { link } from "../address";
import type { Problem } from "../grid/ask";
import { cut, follow } from "../grid/follow";
import { useLoaded, type Loaded } from "../grid/loaded";
import { anHourAgo, useNotable } from "../grid/notable";
import { pulse } from "../grid/pulse";
import type { Group, GridEvent, LagBoard, Page, Run } from "../grid/shapes";
import { clock, count, duration, many, rate, seconds, shortType } from "../grid/words";
import { Said } from "../parts/said";
import { Topology } from "../parts/topology";
import { Verdict } from "../parts/verdict";
import { Outcome } from "./runs";

const LAG_EVERY_MS = 3_000;
const ENDS = ["RequestReceived", "ResponseCompleted", "RunFailed"];
/** From here on what the observer said is no news. */
const OLD_S = 30;

export function Overview() {
  const [lag] = useLoaded<LagBoard>("/api/lag", LAG_EVERY_MS);
  const [runs, loadRuns] = useLoaded<Page<Run>>("/api/runs?limit=12");
  const [failed, loadFailed] = useLoaded<Page<Run>>("/api/runs?limit=5&outcome=failed");
  const changes = useNotable();
  useEffect(() => follow(`/api/events/aether.sessions.events?type=${ENDS.join(",")}`, ENDS, {
    events: () => (loadRuns(), loadFailed()),
    open: (open) => {
      if (open) return loadRuns(), loadFailed();
      [runs.value, failed.value] = [cut(runs.value), cut(failed.value)];
    },
  }), []);
  const groups = lag.value.data?.groups ?? [];
  return (
    <section class="page overview">
      <h1 class="verdict-line"><Sentence groups={groups} board={lag.value.data} problem={lag.value.problem} /></h1>
      <div class="cards">
        <article class="wide">
          <h2>What reads what</h2>
          <Said loaded={lag.value} live empty={(board) => board.groups.length === 0} nothing={<p>No consumer group was sampled yet; the observer begins within seconds of <code>aether up</code>.</p>}>
            {(board) => <Topology groups={board.groups} />}
          </Said>
        </article>
        <article>
          <h2>Worst lag <a href={link("lag")}>all</a></h2>
          <Said loaded={lag.value} live empty={(board) => board.groups.length === 0} nothing={<p>Nothing to tell yet.</p>}>
            {(board) => (
              <table>
                <thead><tr><th>group</th><th>verdict</th><th class="n">behind</th><th class="n">records</th></tr></thead>
                <tbody>
                  {board.groups.slice(0, 6).map((group) => (
                    <tr><td><a href={link("lag", group.group)}>{group.group}</a></td><td><Verdict status={group.status} /></td>
                      <td class="n">{seconds(group.seconds)}</td><td class="n">{count(group.lag)}</td></tr>
                  ))}
                </tbody>
              </table>
            )}
          </Said>
        </article>
        <article>
          <h2>Latest runs <a href={link("runs")}>all</a></h2>
          <Said loaded={runs.value} empty={(page) => page.data.length === 0} nothing={<p>Nothing was asked yet. Try <code>aether ask "What is a grid?"</code></p>}>
            {(page) => <ul class="plain">{page.data.map((run) => <Line run={run} />)}</ul>}
          </Said>
        </article>
        <article>
          <h2>Notable</h2>
          <Said loaded={both(failed.value, changes.value)} empty={([runs, events]) => runs.length + events.length === 0} nothing={<p>No run failed in the last hour, and no verdict changed.</p>}>
            {([runs, events]) => (
              <ul class="plain">
                {runs.map((run) => <Line run={run} />)}
                {events.map((event) => <Change event={event} />)}
              </ul>
            )}
          </Said>
        </article>
      </div>
    </section>
  );
}

/** Joins the last hour's failures and changes: known once both are, and as old as who has a problem. */
function both(failed: Loaded<Page<Run>>, changes: Loaded<GridEvent[]>): Loaded<[Run[], GridEvent[]]> {
  const [runs, events] = [failed.data?.data.filter((run) => run.asked_at > anHourAgo()), changes.data];
  const { at, problem } = failed.problem ? failed : changes;
  return { data: runs && events && [runs, events], at, problem };
}

/** Says in one sentence how the grid is; what is not known is not called well. */
function Sentence({ groups, board, problem }: { groups: Group[]; board: LagBoard | undefined; problem: Problem | undefined }) {
  const { health, why } = pulse.value;
  if (health === "away") return <>The gateway does not answer.</>;
  if (health === "degraded") return <>The gateway takes no requests: {why}</>;
  if (problem) return <>How the grid keeps up is not known: {problem.message}</>;
  if (health === "unknown" || !board) return <>Asking the grid…</>;
  if (groups.length === 0) return <>The gateway is ready; nobody has looked at the lag yet.</>;
  if ((board.age_s ?? 0) > OLD_S) return <>The observer is silent: what it said last is {seconds(board.age_s)} old.</>;
  const bad = groups.filter((group) => group.status !== "ok");
  const worst = bad[0];
  if (worst) return <><Verdict status={worst.status} /> {many(bad.length, "group")} of {groups.length} {bad.length === 1 ? "does" : "do"} not keep up: <a href={link("lag", worst.group)}>{worst.group}</a> is {seconds(worst.seconds)} behind.</>;
  const behind = groups.reduce((most, group) => Math.max(most, group.seconds ?? 0), 0);
  return <><Verdict status="ok" /> The grid keeps up: {many(groups.length, "group")}, the furthest behind by {duration(behind * 1_000)}, {rate(groups.reduce((sum, group) => sum + group.in_per_s, 0))} in.</>;
}

function Line({ run }: { run: Run }) {
  return (
    <li><a class="line" href={link("runs", run.run_id)}><time>{clock(run.asked_at)}</time><Outcome run={run} /><span class="long">{run.question}</span></a></li>
  );
}

function Change({ event }: { event: GridEvent }) {
  const kind = shortType(event.type);
  const { tag, text } = told(kind, (event.data ?? {}) as Record<string, unknown>, event.partitionkey);
  const to = kind === "LagVerdictChanged" ? link("lag", event.partitionkey) : link("streams", event.topic, { from: `${event.partition}:${event.offset}` });
  return <li><a class="line" href={to}><time>{clock(event.recordedtime)}</time><span class="tag">{tag}</span><span class="long">{text}</span></a></li>;
}

/** Says in words what was noticed, or done about it. */
function told(kind: string, said: Record<string, unknown>, key: string): { tag: string; text: string } {
  switch (kind) {
    case "AnomalyDetected": return { tag: "unusual", text: `${said["series"]} is ${said["unusual"]}: ${said["value"]}` };
    case "HealingRequested": return { tag: "healing", text: `${said["action"]} ${key}: ${said["reason"]}` };
    case "HealingDone": return { tag: "healed", text: `${said["action"]} ${key}: ${said["detail"]}` };
    case "HealingRefused": return { tag: "not healed", text: `${said["action"]} ${key}: ${said["detail"]}` };
    case "BreakerOpened": return { tag: "left alone", text: `${key}: ${said["reason"]}` };
    case "BreakerClosed": return { tag: "back", text: `${key}: ${said["reason"]}` };
    default: return { tag: "verdict", text: `${key}: ${said["before"]} → ${said["status"]}` };
  }
}
