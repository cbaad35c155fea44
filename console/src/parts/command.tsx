// A command that does in a terminal what the page does here.
import { Copy } from "./copy";

export function Command({ text }: { text: string }) {
  return <p class="command"><code>{text}</code><Copy text={text} what="the command" /></p>;
}
