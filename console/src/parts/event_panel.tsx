// An event whole: what it says, where it stands, what caused it and what it caused.
import { link } from "../address";
import type { GridEvent } from "../grid/shapes";
import { clock, shortType } from "../grid/words";
import { linksOf } from "./causes";
import { Copy } from "./copy";
import { Fold } from "./fold";
import { ForkHere } from "./fork_here";
import { Json } from "./json";
import { StateThen } from "./state_then";

interface Props {
  event: GridEvent;
  events: GridEvent[];
  choose: (event: GridEvent) => void;
  session?: string | undefined;
}

export function EventPanel({ event, events, choose, session }: Props) {
  const { cause, effects } = linksOf(event, events);
  const { data, ...attributes } = event;
  return (
    <aside class="panel" aria-label="The event">
      <h2>{shortType(event.type)}</h2>
      <p class="facts">
        <a href={link("streams", event.topic, { from: `${event.partition}:${event.offset}` })}>{event.topic} [{event.partition}] {event.offset}</a>
        <time>{clock(event.recordedtime)}</time>
        <a href={link("streams", event.topic, { view: "schema", type: event.type })}>schema</a>
      </p>
      {event.unreadable && <p class="refused">cannot be read: {event.unreadable}</p>}
      {cause && <p>caused by <Jump event={cause} choose={choose} /></p>}
      {effects.length > 0 && <p>caused {effects.slice(0, 12).map((effect) => <Jump event={effect} choose={choose} />)}{effects.length > 12 && ` and ${effects.length - 12} more`}</p>}
      <h3>Payload <Copy text={JSON.stringify(data, null, 2)} what="the payload" /></h3>
      <Json value={data} />
      <Fold title="Attributes"><Json value={attributes} /></Fold>
      {session && event.topic === "aether.sessions.events" && (
        <>
          <StateThen session={session} event={event} />
          {event.correlationid && <ForkHere run={event.correlationid} event={event} />}
        </>
      )}
    </aside>
  );
}

function Jump({ event, choose }: { event: GridEvent; choose: (event: GridEvent) => void }) {
  return <button type="button" class="jump" onClick={() => choose(event)}>{shortType(event.type)}</button>;
}

