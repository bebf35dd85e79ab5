// Open-loop pacing: what is due is sent at its time, whether or not answers come.
//
// A closed loop waits for a slow server and so asks it fewer questions just when it is slow. Here
// the schedule is fixed beforehand, and latencies are taken from it ("coordinated omission", Gil
// Tene, "How NOT to Measure Latency").

import type { Histogram } from 'hdr-histogram-js';
import { createLatencyHistogram, recordMs } from './load-report.ts';

/** Most that one turn sends before it lets answers in. */
const BURST_MAX = 64;
/**
 * How long after the end of the schedule what is still due may be sent: enough to make up for a
 * hiccup, not for a rate that this generator never reaches.
 */
const CATCH_UP_MS = 250;

export interface PacerOptions {
  /** What is sent per second: datagrams or requests; above 0. */
  perSecond: number;
  /** Most that is sent in all. */
  countMax: number;
  durationMs: number;
  signal: AbortSignal;
  /** Sends one; `intendedMs` is on the clock of `nowMs`. */
  send(intendedMs: number): void;
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
  const { perSecond, countMax, durationMs, signal, send, nowMs, defer } = options;
  const intervalMs = 1000 / perSecond;
  const total = Math.min(countMax, Math.max(1, Math.floor(durationMs / intervalMs)));
  const sendDelays = createLatencyHistogram();
  const startMs = nowMs();
  const endMs = startMs + durationMs + CATCH_UP_MS;
  let sent = 0;
  return new Promise((resolve) => {
    const turn = () => {
      for (let burst = 0; burst < BURST_MAX && sent < total && !signal.aborted; burst++) {
        const intendedMs = startMs + sent * intervalMs;
        const lateMs = nowMs() - intendedMs;
        if (lateMs < 0) break;
        recordMs(sendDelays, lateMs);
        send(intendedMs);
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
