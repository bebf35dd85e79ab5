// What is shed under overload: the lowest priorities first (3GPP TS 29.500 clauses 6.3 and 6.8).
//
// A thread is congested where its event loop comes round late: then everything that it has read waits
// that long. The delay is measured by a timer (congestion-meter); here is only what follows from it.

/** 0: everything is served; 1, 2, 3: priorities from the threshold below on are not. */
export type CongestionLevel = 0 | 1 | 2 | 3;

/** From which delay of the event loop each level holds, in milliseconds. */
export const LEVEL_DELAYS_MS = [0, 50, 150, 400] as const;

/**
 * The highest number of a priority that is still served at each level. Without a header a request has
 * 24; TS 23.501 gives emergency and priority services the numbers below 8.
 */
const SERVED_UP_TO = [31, 24, 15, 7] as const;

/** What the client is told to wait, at least. */
export const RETRY_AFTER_SECONDS = 1;

/** Whether a request of a priority is not served. */
export function isShed(priority: number, level: CongestionLevel): boolean {
  return priority > SERVED_UP_TO[level];
}

/** The level at a delay of the event loop. */
export function levelAt(delayMs: number): CongestionLevel {
  let level: CongestionLevel = 0;
  for (const [next, from] of LEVEL_DELAYS_MS.entries()) {
    if (delayMs >= from) level = next as CongestionLevel;
  }
  return level;
}
