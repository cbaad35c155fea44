// An example of what a schema describes, to begin an event with.

/** Returns an id of chance, also to a page that came over plain HTTP, which has no `randomUUID`. */
export function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Returns a value that fits an Avro type: defaults where there are some, else the plainest. */
export function exampleOf(type: unknown, name = ""): unknown {
  if (Array.isArray(type)) return type.includes("null") ? null : exampleOf(type[0], name);
  if (typeof type === "object" && type !== null) {
    const { type: kind, fields, symbols } = type as Record<string, any>;
    if (fields) return Object.fromEntries(fields.map((field: any) => [field.name, "default" in field ? field.default : exampleOf(field.type, field.name)]));
    if (symbols) return symbols[0];
    return kind === "array" ? [] : kind === "map" ? {} : exampleOf(kind, name);
  }
  switch (type) {
    case "boolean": return false;
    case "int": case "long": case "float": case "double": return 0;
    case "string": case "bytes": return name.endsWith("_id") ? newId() : "";
    default: return null;
  }
}
