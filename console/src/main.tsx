import { render } from "preact";
import { Frame } from "./frame";
import { listen } from "./grid/pulse";
import { pressed } from "./keys";
import "./style.css";
import "uplot/dist/uPlot.min.css";

document.addEventListener("keydown", pressed);
void listen();
render(<Frame />, document.getElementById("console")!);
