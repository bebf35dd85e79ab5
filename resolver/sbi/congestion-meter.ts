// How late a thread's event loop comes round, as a level of congestion.

import { type CongestionLevel, levelAt } from './congestion.ts';

const INTERVAL_MS = 20;
/** A late round counts at once; after that the delay falls by this factor each interval. */
const DECAY = 0.7;

export interface CongestionMeter {
  level: () => CongestionLevel;
  stop: () => void;
}

/** Measures until it is stopped. */
export function startCongestionMeter(): CongestionMeter {
  let delayMs = 0;
  let expectedMs = performance.now() + INTERVAL_MS;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    delayMs = Math.max(nowMs - expectedMs, delayMs * DECAY);
    expectedMs = nowMs + INTERVAL_MS;
  }, INTERVAL_MS);
  timer.unref();
  return { level: () => levelAt(delayMs), stop: () => clearInterval(timer) };
}
