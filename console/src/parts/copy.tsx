// A button that copies a text, and says that it did.
import { useSignal } from "@preact/signals";

export function Copy({ text, what }: { text: string; what: string }) {
  const done = useSignal(false);
  if (!navigator.clipboard) return null; // a page that came over plain HTTP from another machine has none
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    done.value = true;
    window.setTimeout(() => (done.value = false), 1_500);
  };
  return (
    <button type="button" class="quiet" title={`copy ${what}`} aria-label={`Copy ${what}`} onClick={() => void copy()}>
      {done.value ? "copied" : "copy"}
    </button>
  );
}
