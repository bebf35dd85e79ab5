// What happens in a core, as each element tells it: for the demo to print and for tests to judge.

/** A message and its answer, as the element that asked saw them. */
export interface Exchange {
  kind: 'exchange';
  from: string;
  to: string;
  request: string;
  /** For people. */
  answer: string;
  /** For machines: `ok`, a cause, or what else the answer came to. */
  outcome: string;
  /** Milliseconds since 1970 with their fraction. */
  sentMs: number;
  answeredMs: number;
}

/** What an element did with itself. */
export interface Note {
  kind: 'note';
  at: string;
  text: string;
  atMs: number;
}

/** What an answer comes to: for people, and for machines. */
export interface Judged {
  label: string;
  outcome: string;
}

export type TraceEvent = Exchange | Note;
export type Trace = (event: TraceEvent) => void;

/** The time, comparable between processes of one machine to well below a millisecond. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
