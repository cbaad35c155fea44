// What every view of a run is given.
import type { GridEvent } from "../grid/shapes";
import type { Node } from "./causes";

export interface View {
  nodes: Node[];
  /** Ids of the events up to the moment that is looked at; later ones are dimmed. */
  seen: Set<string>;
  /** Id of the event that the panel shows. */
  chosen: string;
  choose: (event: GridEvent) => void;
}

/** The words that mark a row: chosen, and not yet happened. */
export const marks = (view: View, id: string): string =>
  `${id === view.chosen ? "chosen " : ""}${view.seen.has(id) ? "" : "later"}`;
