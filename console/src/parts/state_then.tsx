// What every decider knew of the session once an event had been taken in, folded anew from the log.
import { withQuery } from "../grid/ask";
import { useLoaded } from "../grid/loaded";
import type { GridEvent, Page, StateOf } from "../grid/shapes";
import { Command } from "./command";
import { Fold } from "./fold";
import { Json } from "./json";
import { Said } from "./said";

export function StateThen({ session, event }: { session: string; event: GridEvent }) {
  return <Fold title="State at this moment"><States session={session} event={event} /></Fold>;
}

function States({ session, event }: { session: string; event: GridEvent }) {
  const [states] = useLoaded<Page<StateOf>>(withQuery(`/api/sessions/${encodeURIComponent(session)}/state`, { at: event.id }));
  return (
    <>
      <Said loaded={states.value} empty={(page) => page.data.length === 0} nothing={<p>No decider knew anything yet.</p>}>
        {(page) => <>{page.data.map((one) => <div><b>{one.decider}</b> <span class="dim">before offset {one.position}</span><Json value={one.state} /></div>)}</>}
      </Said>
      <Command text={`aether state ${session} --at ${event.id}`} />
    </>
  );
}
