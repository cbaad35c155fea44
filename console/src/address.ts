// What is shown follows from the address bar alone: a page, what of it, and its filters.
import { computed, signal } from "@preact/signals";

export const BASE = "/console/";

/** An address taken apart: `/console/runs/ID?q=…` is page `runs`, place `ID`, query `q=…`. */
export interface Address {
  page: string;
  place: string;
  query: URLSearchParams;
}

const path = signal(location.pathname + location.search);

window.addEventListener("popstate", () => {
  path.value = location.pathname + location.search;
});

/** Where we are. */
export const address = computed<Address>(() => {
  const url = new URL(path.value, location.origin);
  const [page = "", ...rest] = url.pathname.slice(BASE.length).split("/");
  return { page: page || "overview", place: decoded(rest.join("/")), query: url.searchParams };
});

/** What was typed by hand may hold a percent sign that is none of the encoding. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The link to a page. */
export function link(page: string, place = "", query: Record<string, string> = {}): string {
  const words = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
  const at = BASE + (page === "overview" ? "" : page) + (place ? `/${encodeURIComponent(place)}` : "");
  return words.size ? `${at}?${words}` : at;
}

/** Goes somewhere; `replace` leaves no trace in the history, as for a filter that is being typed. */
export function go(to: string, replace = false): void {
  history[replace ? "replaceState" : "pushState"](null, "", to);
  path.value = to;
}

/** Changes filters of this page; what is empty is taken out. */
export function filter(changes: Record<string, string>): void {
  const { page, place, query } = address.value;
  const words = { ...Object.fromEntries(query), ...changes };
  go(link(page, place, words), true);
}

/** Follows links within the console without loading the page anew; those within a page are the browser's. */
export function followLinks(event: MouseEvent): void {
  const href = (event.target as Element).closest("a")?.getAttribute("href"); // an SVG's link has no `pathname`
  const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (!plain || !href || href.startsWith("#")) return;
  const to = new URL(href, location.href);
  if (to.origin !== location.origin || !to.pathname.startsWith(BASE)) return;
  event.preventDefault();
  go(to.pathname + to.search);
}
