// Lag: the groups by badness; of one group why, since when, where, and when it will have caught up.
import { address, filter, go, link } from "../address";
import { useLoaded } from "../grid/loaded";
import type { Group, GroupPartition, LagBoard } from "../grid/shapes";
import { count, many, rate, seconds } from "../grid/words";
import { usePageKeys } from "../keys";
import { HeatMap } from "../parts/heat_map";
import { useLagSeries } from "../parts/lag_series";
import { Said } from "../parts/said";
import { Series } from "../parts/series";
import { Verdict } from "../parts/verdict";

const EVERY_MS = 2_000;

export function LagPage({ group: name }: { group: string }) {
  const [lag] = useLoaded<LagBoard>("/api/lag", EVERY_MS);
  const words = address.value.query.get("q") ?? "";
  const all = lag.value.data?.groups ?? [];
  const groups = all.filter((group) => group.group.includes(words));
  const shown = all.find((group) => group.group === name);
  const at = groups.findIndex((group) => group.group === name);
  const of = (group: Group) => link("lag", group.group, { q: words });
  const to = (index: number) => groups[index] && go(of(groups[index]!), true);
  usePageKeys([
    { keys: "j", does: "next group", run: () => to(Math.min(at + 1, groups.length - 1)) },
    { keys: "k", does: "group before", run: () => to(Math.max(at - 1, 0)) },
  ]);
  return (
    <section class="page lag">
      <h1 class="unseen">Lag</h1>
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <input type="search" data-search aria-label="Name of the group" placeholder="name of the group ( / )" value={words}
          onInput={(event) => filter({ q: event.currentTarget.value })} />
      </form>
      <Said loaded={lag.value} live empty={() => groups.length === 0} nothing={<p>{words ? "No group has these letters." : "No consumer group was sampled yet; the observer begins within seconds of aether up."}</p>}>
        {() => (
          <div class="two">
            <div class="scroll">
              <table>
                <thead><tr><th>group</th><th>verdict</th><th class="n">behind</th><th class="n">records</th><th>trend</th><th class="n">in</th><th class="n">out</th><th class="n">caught up in</th></tr></thead>
                <tbody>{groups.map((group) => <Line group={group} to={of(group)} chosen={group.group === name} />)}</tbody>
              </table>
            </div>
            {shown ? <Why group={shown} /> : <aside class="panel"><p class="empty">{name ? `No group ${name} was sampled.` : "Choose a group."}</p></aside>}
          </div>
        )}
      </Said>
    </section>
  );
}

function Line({ group, to, chosen }: { group: Group; to: string; chosen: boolean }) {
  return (
    <tr class={chosen ? "chosen" : ""}>
      <td><a href={to} aria-current={chosen || undefined}>{group.group}</a></td>
      <td><Verdict status={group.status} /></td>
      <td class="n">{seconds(group.seconds)}</td><td class="n">{count(group.lag)}</td><td>{group.trend}</td>
      <td class="n">{rate(group.in_per_s)}</td><td class="n">{rate(group.out_per_s)}</td>
      <td class="n">{group.lag === 0 ? "" : group.catch_up_s === null ? "never" : seconds(group.catch_up_s)}</td>
    </tr>
  );
}

function Why({ group }: { group: Group }) {
  const points = useLagSeries(group);
  const rows = group.topics.flatMap((topic) => topic.partitions.map((one) => ({ topic: topic.topic, one })));
  const bad = rows.filter(({ one }) => one.verdict !== "ok");
  const good = [...new Set(rows.map(({ one }) => one.reason))].filter(Boolean).join("; ");
  return (
    <aside class="panel" aria-label="The group">
      <h2>{group.group}</h2>
      <p><Verdict status={group.status} /> {many(group.members, "member")}, {group.phase}{bad.length === 0 && `: ${good || "it has read everything"}`}.</p>
      {bad.length > 0 && <ul>{bad.map(({ topic, one }) => <li><b>{one.verdict}</b> {place(topic, one)}: {one.reason}</li>)}</ul>}
      <h3>Behind, in seconds</h3>
      <Series {...points} label="behind" unit="s" />
      <h3>Partitions</h3>
      <HeatMap topics={group.topics} />
      <div class="scroll">
        <table>
          <thead><tr><th>partition</th><th class="n">read up to</th><th class="n">end</th><th class="n">records</th><th class="n">behind</th><th>how known</th></tr></thead>
          <tbody>
            {rows.map(({ topic, one }) => (
              <tr><td><a href={link("streams", topic, { from: `${one.partition}:${one.committed}` })}>{place(topic, one)}</a></td><td class="n">{count(one.committed)}</td>
                <td class="n">{count(one.end)}</td><td class="n">{count(one.lag)}</td><td class="n">{seconds(one.seconds)}</td><td>{one.method}</td></tr>
            ))}
          </tbody>
        </table>
      </div>
    </aside>
  );
}

const place = (topic: string, one: GroupPartition): string => `${topic} [${one.partition}]`;
