// Streams: the topics, and of one its records from anywhere on, its schemas, and a form to write to it.
import { address, filter, link } from "../address";
import { useLoaded, type Loaded } from "../grid/loaded";
import type { Page, Schema, Topic } from "../grid/shapes";
import { count, duration, many } from "../grid/words";
import { Produce } from "../parts/produce";
import { Records } from "../parts/records";
import { Said } from "../parts/said";
import { Schemas } from "../parts/schemas";

const EVERY_MS = 3_000;

export function Streams({ topic }: { topic: string }) {
  const [topics] = useLoaded<Page<Topic>>("/api/topics", EVERY_MS);
  const [schemas] = useLoaded<Page<Schema>>("/api/schemas");
  const words = address.value.query.get("t") ?? "";
  const shown = topics.value.data?.data.find((one) => one.name === topic);
  return (
    <section class="page streams">
      <div class="list">
        <input type="search" data-search aria-label="Name of the topic" placeholder="name of the topic ( / )" value={words} onInput={(event) => filter({ t: event.currentTarget.value })} />
        <Said loaded={topics.value} live empty={(page) => page.data.length === 0} nothing={<p>There is no topic.</p>}>
          {(page) => (
            <div class="scroll">
              <table>
                <thead><tr><th>topic</th><th class="n">records</th><th class="n">kept</th></tr></thead>
                <tbody>
                  {page.data.filter((one) => one.name.includes(words)).map((one) => (
                    <tr class={one.name === topic ? "chosen" : ""}>
                      <td><a href={link("streams", one.name, words ? { t: words } : {})} aria-current={one.name === topic || undefined}>{one.name}</a></td>
                      <td class="n">{count(one.records)}</td>
                      <td class="n">{one.retention_ms === null ? "forever" : duration(one.retention_ms)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Said>
      </div>
      {shown ? <One key={topic} topic={shown} schemas={schemas.value} /> : <div class="empty"><h1 class="unseen">Streams</h1>{topic && topics.value.data ? `There is no topic ${topic}.` : "Choose a topic."}</div>}
    </section>
  );
}

function One({ topic, schemas }: { topic: Topic; schemas: Loaded<Page<Schema>> }) {
  const views = ["records", "schema", ...(topic.clients_write.length ? ["produce"] : [])];
  const view = address.value.query.get("view") ?? "records";
  return (
    <div class="one">
      <h1>{topic.name}</h1>
      <p class="facts"><span>{many(topic.partitions.length, "partition")}, by {topic.key}</span><span>{many(topic.records, "record")}</span><span>{many(topic.types.length, "kind")} of events</span></p>
      <div class="tabs" role="tablist" aria-label="Views of the topic">
        {views.map((one) => <button type="button" role="tab" aria-selected={one === view} onClick={() => filter({ view: one })}>{one}</button>)}
      </div>
      {view !== "schema" && view !== "produce" ? <Records topic={topic} /> : (
        <Said loaded={schemas} empty={() => false} nothing={null}>
          {({ data }) => view === "schema" ? <Schemas schemas={of(topic, data)} /> : <Produce topic={topic} schemas={of(topic, data)} />}
        </Said>
      )}
    </div>
  );
}

const of = (topic: Topic, schemas: Schema[]): Schema[] => schemas.filter((one) => one.topic === topic.name);
