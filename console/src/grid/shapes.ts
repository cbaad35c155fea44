// The shapes of the gateway's answers, as /openapi.json describes them.

/** A page of a list; `next_cursor` is null on the last one. */
export interface Page<T> {
  data: T[];
  next_cursor: string | null;
}

/** A run in short. */
export interface Run {
  run_id: string;
  session: string;
  question: string;
  outcome: "open" | "completed" | "failed";
  reason: string | null;
  capability: string;
  asked_at: string;
  milliseconds: number | null;
  model: string;
  prompt_tokens: number;
  completion_tokens: number;
}

/** A run with its end. */
export interface WholeRun extends Run {
  answer: string | null;
  detail?: string | null;
  citations: { marker: string; title: string; uri: string; quote: string }[];
  events: number;
}

/** A record of the log as a CloudEvent, with where it stands. */
export interface GridEvent {
  id: string;
  type: string;
  source?: string;
  time?: string;
  recordedtime: string;
  partitionkey: string;
  topic: string;
  partition: number;
  offset: number;
  correlationid?: string;
  causationid?: string;
  aethercause?: string;
  aetherprocessor?: string;
  unreadable?: string;
  data: unknown;
  [attribute: string]: unknown;
}

export interface Topic {
  name: string;
  key: string;
  retention_ms: number | null;
  partitions: { partition: number; first: number; end: number }[];
  records: number;
  types: string[];
  clients_write: string[];
}

export interface Schema {
  name: string;
  type: string;
  topic: string;
  subject: string;
  clients_write: boolean;
  schema: AvroRecord;
}

export interface AvroRecord {
  type: "record";
  name: string;
  doc?: string;
  fields: { name: string; type: unknown; doc?: string; default?: unknown }[];
}

export type Status = "ok" | "warn" | "empty" | "err";

/** Sums of a group, or of one topic that it reads; rates are records a second. */
export interface Totals {
  verdict: string;
  trend: string;
  lag: number;
  seconds: number | null;
  in_per_s: number;
  out_per_s: number;
  catch_up_s: number | null;
}

/** A consumer group as the observer sees it. */
export interface Group extends Totals {
  group: string;
  at_ms: number;
  phase: string;
  members: number;
  status: Status;
  topics: (Totals & { topic: string; partitions: GroupPartition[] })[];
}

export interface GroupPartition {
  partition: number;
  end: number;
  committed: number;
  lag: number;
  seconds: number | null;
  method: string;
  verdict: string;
  reason: string;
}

/** Everything that is known of lag; `age_s` is null before the first sample. */
export interface LagBoard {
  age_s: number | null;
  groups: Group[];
  probes: { round_trip_s: number | null; answered: number; lost: number };
}

/** What a decider knew at a moment. */
export interface StateOf {
  decider: string;
  partition: number;
  position: number;
  state: unknown;
  grid: unknown;
}

/** A run told again; `how` says how each event came about. */
export interface Fork {
  fork: string;
  origin: string;
  events: { event: string; id: string; how: string; summary: string }[];
}
