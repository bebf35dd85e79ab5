// Time as the network's logic sees it: passed in, so that a simulation can run it.

export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Runs an action once after a delay; the function it gives takes that back. */
  after(delayMs: number, action: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: Date.now,
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};
