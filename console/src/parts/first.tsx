// The bound of what is drawn whole, and the word to whoever would miss the rest.
import { count } from "../grid/words";

/** More than this nobody follows with the eye, and no browser draws quickly. */
export const DRAWN = 400;

export function First({ of }: { of: number }) {
  return of > DRAWN ? <p class="old">the first {DRAWN} of {count(of)} events; the tree shows all</p> : null;
}
