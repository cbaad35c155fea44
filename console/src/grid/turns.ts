// Work that is asked for again while it is done.

/** Returns a function that does the work one at a time: asked for meanwhile, it is done once more. */
export function inTurn(work: () => Promise<void>): () => Promise<void> {
  let [busy, again] = [false, false];
  return async () => {
    again = true;
    if (busy) return;
    busy = true;
    try {
      while (again) {
        again = false;
        await work();
      }
    } finally {
      busy = false;
    }
  };
}
