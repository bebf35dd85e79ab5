// How late a thread's event loop comes round, as a level of congestion.
//
// One late round is no overload: code is compiled, garbage is collected, the system runs something else.
// Several in a row are. So what counts is the least delay of the last few rounds.

import { type CongestionLevel, levelAt } from './congestion.ts';

const INTERVAL_MS = 20;
/** Rounds in a row that have to be late. */
const ROUNDS = 4;

export interface CongestionMeter {
  level: () => CongestionLevel;
  stop: () => void;
}

/** Measures until it is stopped. */
export function startCongestionMeter(): CongestionMeter {
  const delaysMs = new Float64Array(ROUNDS);
  let round = 0;
  // Asked for with every request, so it is told when it changes and not when it is asked for.
  let level: CongestionLevel = 0;
  let expectedMs = performance.now() + INTERVAL_MS;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    delaysMs[round++ % ROUNDS] = nowMs - expectedMs;
    expectedMs = nowMs + INTERVAL_MS;
    level = levelAt(Math.min(...delaysMs));
  }, INTERVAL_MS);
  timer.unref();
  return { level: () => level, stop: () => clearInterval(timer) };
}
