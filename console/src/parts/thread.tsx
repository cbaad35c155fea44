// The run as a conversation: what was said, recalled, asked of models, and answered.
import type { GridEvent } from "../grid/shapes";
import { clipped, shortType } from "../grid/words";
import { actor } from "./causes";
import { DRAWN, First } from "./first";
import { marks, type View } from "./views";

/** More than this is read in the payload. */
const SAID = 10_000;

/** The event's own words, by its type. */
const WORDS: Record<string, (data: Record<string, any>) => string> = {
  RequestReceived: (data) => data["text"],
  RequestRouted: (data) => `to ${data["capability"]}: ${data["reason"]}`,
  RequestRefused: (data) => data["reason"] ?? "",
  ContextRecalled: (data) => `${data["passages"].length} passages recalled`,
  InferenceRequested: (data) => `asks ${data["model"]}`,
  InferenceCompleted: (data) => data["text"] ?? "",
  ResponseCompleted: (data) => data["text"] ?? "",
  RunFailed: (data) => data["detail"] ?? data["reason"] ?? "",
  ClarificationAsked: (data) => data["text"] ?? data["question"] ?? "",
};

export function Thread(view: View) {
  const told = view.nodes.map((node) => node.event).filter((event) => shortType(event.type) in WORDS);
  return (
    <ol class="thread" tabIndex={0}>
      {told.slice(0, DRAWN).map((event) => (
        <li class={`${shortType(event.type)} ${marks(view, event.id)}`}>
          <button type="button" class="quiet" onClick={() => view.choose(event)}>{actor(event)} · {shortType(event.type)}</button>
          <p>{words(event)}</p>
        </li>
      ))}
      {told.length > DRAWN && <li><First of={told.length} /></li>}
    </ol>
  );
}

function words(event: GridEvent): string {
  return clipped(WORDS[shortType(event.type)]?.((event.data ?? {}) as Record<string, unknown>) ?? "", SAID) || "(no words)";
}
