// The schemas of a topic's events, field by field.
import { address, filter } from "../address";
import type { Schema } from "../grid/shapes";
import { shortType } from "../grid/words";

export function Schemas({ schemas }: { schemas: Schema[] }) {
  const wanted = address.value.query.get("type") ?? "";
  const shown = schemas.find((one) => one.type === wanted || shortType(one.type) === wanted) ?? schemas[0];
  if (!shown) return <p class="empty">The registry has no schema of this topic.</p>;
  return (
    <div class="two">
      <div class="scroll">
        <ul class="plain">
          {schemas.map((one) => <li><button type="button" class="jump" aria-pressed={one === shown} onClick={() => filter({ type: shortType(one.type) })}>{shortType(one.type)}</button>{one.clients_write && <span class="tag">clients write it</span>}</li>)}
        </ul>
      </div>
      <aside class="panel" aria-label="The schema">
        <h2>{shown.name}</h2>
        <p>{shown.schema.doc}</p>
        <p class="facts"><code>{shown.type}</code><code>{shown.subject}</code></p>
        <table>
          <thead><tr><th>field</th><th>type</th><th>if left out</th></tr></thead>
          <tbody>{shown.schema.fields.map((field) => <tr><td><b>{field.name}</b></td><td><code>{typeWords(field.type)}</code></td><td>{"default" in field ? <code>{JSON.stringify(field.default)}</code> : "required"}</td></tr>)}</tbody>
        </table>
      </aside>
    </div>
  );
}

/** An Avro type in words: `array of Message`, `string or null`. */
export function typeWords(type: unknown): string {
  if (typeof type === "string") return type.split(".").at(-1) ?? type;
  if (Array.isArray(type)) return [...type.filter((one) => one !== "null"), ...type.filter((one) => one === "null")].map(typeWords).join(" or ");
  const { type: kind, items, values, name, symbols } = type as Record<string, any>;
  if (kind === "array") return `array of ${typeWords(items)}`;
  if (kind === "map") return `map of ${typeWords(values)}`;
  return symbols ? `one of ${symbols.join(", ")}` : (name ?? typeWords(kind));
}
