// Open-loop pacing: what is due is sent at its time, whether or not answers come.
//
// A closed loop waits for a slow server and so asks it fewer questions just when it is slow. Here
// the schedule is fixed beforehand, and latencies are taken from it ("coordinated omission", Gil
// Tene, "How NOT to Measure Latency").

import type { Histogram } from 'hdr-histogram-js';
import { createLatencyHistogram, recordMs } from './load-report.ts';
import type { RatePlan } from './rate-plan.ts';

/** Most that one turn sends before it lets answers in. */
const BURST_MAX = 64;
/**
 * How long after the end of the schedule what is still due may be sent: enough to make up for a
 * hiccup, not for a rate that this generator never reaches.
 */
const CATCH_UP_MS = 250;

export interface PacerOptions {
  /** When what is due: datagrams or requests. */
  plan: RatePlan;
  /** Most that is sent in all. */
  countMax: number;
  signal: AbortSignal;
  /** Sends one; `intendedMs` is on the clock of `nowMs`, `dueMs` the same from the begin on. */
  send(intendedMs: number, dueMs: number): void;
  /** A monotonic clock in milliseconds with their fraction. */
  nowMs(): number;
  /** Calls back after input and output had their turn. */
  defer(turn: () => void): void;
}

/** How a paced run went. */
export interface PacerResult {
  elapsedMs: number;
  /** How late each was sent. */
  sendDelays: Histogram;
  /** What was due and not sent, because the generator is too slow for the rate. */
  unsent: number;
}

/**
 * Sends on schedule until the time or the count is used up or the signal comes. A generator that
 * cannot keep up stops 250 ms after the end of the schedule.
 */
export function runPaced(options: PacerOptions): Promise<PacerResult> {
  const { plan, countMax, signal, send, nowMs, defer } = options;
  const total = Math.min(countMax, plan.count);
  const sendDelays = createLatencyHistogram();
  const startMs = nowMs();
  const endMs = startMs + plan.durationMs + CATCH_UP_MS;
  let sent = 0;
  return new Promise((resolve) => {
    const turn = () => {
      for (let burst = 0; burst < BURST_MAX && sent < total && !signal.aborted; burst++) {
        const dueMs = plan.dueMs(sent);
        const intendedMs = startMs + dueMs;
        const lateMs = nowMs() - intendedMs;
        if (lateMs < 0) break;
        recordMs(sendDelays, lateMs);
        send(intendedMs, dueMs);
        sent++;
      }
      const atMs = nowMs();
      if (sent < total && !signal.aborted && atMs < endMs) defer(turn);
      else {
        const unsent = signal.aborted ? 0 : total - sent;
        resolve({ elapsedMs: atMs - startMs, sendDelays, unsent });
      }
    };
    turn();
  });
}
