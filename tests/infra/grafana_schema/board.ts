// What Grafana's own types ask of a dashboard without rows.
import type { Dashboard, Panel } from "@grafana/schema";

export type Board = Omit<Dashboard, "panels"> & { panels: Panel[] };
