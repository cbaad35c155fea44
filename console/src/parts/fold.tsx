// A heading that opens what is below it, which is made only then.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";

export function Fold({ title, children }: { title: string; children: ComponentChildren }) {
  const open = useSignal(false);
  return (
    <>
      <h3><button type="button" class="quiet" aria-expanded={open.value} onClick={() => (open.value = !open.value)}>{open.value ? "▾" : "▸"} {title}</button></h3>
      {open.value && children}
    </>
  );
}
