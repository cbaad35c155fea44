// Asks the gateway; a "no" is an error that says what, why and what to do.
import { setBy } from "./now";

/** The gateway's refusal, or its absence. */
export class Problem extends Error {
  constructor(
    readonly title: string,
    readonly detail: string,
    readonly status: number,
  ) {
    super(detail ? `${title}: ${detail}` : title);
  }

  /** Whether the same may be answered in a moment. */
  get away(): boolean {
    return this.status === 0 || this.status === 503;
  }
}

/** Returns what a path answers. Throws Problem. */
export async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const { response, text } = await answered(path, init);
  if (!response.ok) throw problem(response, text);
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new Problem("The gateway answered what is no JSON", text.slice(0, 200), response.status);
  }
}

/** Appends an event as its JSON says; returns its id. Throws Problem. */
export async function produce(topic: string, event: object): Promise<string> {
  const said = await ask<{ data: { id: string }[] }>(`/api/events/${encodeURIComponent(topic)}`, {
    method: "POST",
    headers: { "content-type": "application/cloudevents+json" },
    body: JSON.stringify(event),
  });
  return said.data[0]?.id ?? "";
}

/** Returns a path with a query; what is empty is left out. */
export function withQuery(path: string, query: Record<string, string | number | undefined>): string {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") words.set(name, String(value));
  }
  return words.size ? `${path}?${words}` : path;
}

/** Returns an answer once the whole of it is here: a gateway may be gone in the midst of one. */
async function answered(path: string, init: RequestInit): Promise<{ response: Response; text: string }> {
  try {
    const headers = { accept: "application/json", ...init.headers };
    const response = await fetch(path, { ...init, headers });
    setBy(response.headers.get("date"));
    return { response, text: await response.text() };
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem("The gateway does not answer", "is the grid up? try: aether status", 0);
  }
}

function problem(response: Response, text: string): Problem {
  try {
    const said = JSON.parse(text);
    const inner = said.error ?? said;
    return new Problem(
      inner.title ?? inner.code ?? response.statusText,
      inner.detail ?? inner.message ?? "",
      response.status,
    );
  } catch {
    return new Problem(`The gateway answered ${response.status}`, text.slice(0, 200), response.status);
  }
}
