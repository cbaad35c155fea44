// A form that writes an event: begun from its schema, judged by the gateway, field by field.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { produce, Problem } from "../grid/ask";
import type { Schema, Topic } from "../grid/shapes";
import { shortType } from "../grid/words";
import { exampleOf, newId } from "./example";
import { Refused } from "./said";

type Result = { id: string } | { problem: Problem } | undefined;

export function Produce({ topic, schemas }: { topic: Topic; schemas: Schema[] }) {
  const type = useSignal(topic.clients_write[0] ?? "");
  const key = useSignal("");
  const text = useSignal("");
  const result = useSignal<Result>(undefined);
  const schema = schemas.find((one) => one.type === type.value)?.schema;
  useEffect(() => void (text.value = JSON.stringify(exampleOf(schema), null, 2) ?? ""), [schema]);
  const send = async () => {
    try {
      const event = { specversion: "1.0", id: newId(), source: "/aether/console", type: type.value, partitionkey: key.value, data: JSON.parse(text.value) };
      result.value = { id: await produce(topic.name, event) };
    } catch (error) {
      if (error instanceof Problem) result.value = { problem: error };
      else if (error instanceof SyntaxError) result.value = { problem: new Problem("The payload is no JSON", error.message, 400) };
      else throw error;
    }
  };
  return (
    <form class="produce" onSubmit={(event) => (event.preventDefault(), void send())}>
      <label>Event <select value={type.value} onChange={(event) => (type.value = event.currentTarget.value)}>{topic.clients_write.map((one) => <option value={one}>{shortType(one)}</option>)}</select></label>
      <label>Key ({topic.key}) <input required value={key.value} onInput={(event) => (key.value = event.currentTarget.value)} /></label>
      <label>Payload <textarea rows={18} spellcheck={false} value={text.value} onInput={(event) => (text.value = event.currentTarget.value)} /></label>
      <button type="submit" class="main">Append to the log</button>
      {result.value && ("id" in result.value ? <p class="done" role="status">appended as <code>{result.value.id}</code></p> : <Refused problem={result.value.problem} />)}
    </form>
  );
}
