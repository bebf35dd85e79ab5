// When each request of an open loop is due: a rate over time, in pieces that are constant or rise and
// fall evenly.
//
//     rate   ┌───┐  steps        The n-th request is due where the area under the rate reaches n. So
//        ┌───┘   │    ╱╲         the plan is a list of pieces with the area before each, and n is
//     ───┘       └───╱  ╲──      found in its piece by the root of a quadratic.
//                    time

/** One piece of a plan. */
export interface RatePiece {
  durationMs: number;
  /** Requests per second at its begin, 0 or more. */
  from: number;
  /** At its end; equal to `from` in a constant piece. */
  to: number;
}

export class RatePlan {
  /** Of all pieces together. */
  readonly durationMs: number;
  /** Whole requests that the plan has. */
  readonly count: number;
  readonly #pieces: readonly RatePiece[];
  /** Where each piece begins: in milliseconds, and in requests. */
  readonly #startsMs: number[] = [];
  readonly #startCounts: number[] = [];

  /** Throws RangeError for a plan without pieces, or with a rate or a duration that is none. */
  constructor(pieces: readonly RatePiece[]) {
    let atMs = 0;
    let count = 0;
    for (const { durationMs, from, to } of pieces) {
      if (!(durationMs > 0 && from >= 0 && to >= 0) || !Number.isFinite(from + to + durationMs)) {
        throw new RangeError(`a piece of ${durationMs} ms from ${from} to ${to} a second`);
      }
      this.#startsMs.push(atMs);
      this.#startCounts.push(count);
      atMs += durationMs;
      count += ((from + to) / 2) * (durationMs / 1000);
    }
    if (pieces.length === 0) throw new RangeError('a plan without pieces');
    this.#pieces = pieces;
    this.durationMs = atMs;
    // A request is due at its plan's begin, the next after one interval; the end is no part of it.
    this.count = Math.ceil(count - 1e-6);
  }

  /** A plan of one rate. */
  static constant(perSecond: number, durationMs: number): RatePlan {
    return new RatePlan([{ durationMs, from: perSecond, to: perSecond }]);
  }

  /** Requests per second over the whole plan. */
  get offeredPerSecond(): number {
    return (this.count * 1000) / this.durationMs;
  }

  /** The same times with every rate multiplied, for one of several generators. */
  scaled(factor: number): RatePlan {
    return new RatePlan(
      this.#pieces.map(({ durationMs, from, to }) => ({
        durationMs,
        from: from * factor,
        to: to * factor,
      })),
    );
  }

  /** Requests that are due before a time. */
  dueBefore(ms: number): number {
    const at = this.#pieceAt(this.#startsMs, ms);
    const { durationMs, from, to } = this.#pieces[at]!;
    const inPieceMs = Math.min(ms - this.#startsMs[at]!, durationMs);
    const slope = (to - from) / durationMs;
    return this.#startCounts[at]! + ((from + (slope * inPieceMs) / 2) * inPieceMs) / 1000;
  }

  /** When a request is due, in milliseconds after the begin; `index` from 0 to `count` − 1. */
  dueMs(index: number): number {
    const at = this.#pieceAt(this.#startCounts, index);
    const { durationMs, from, to } = this.#pieces[at]!;
    const area = (index - this.#startCounts[at]!) * 1000;
    const slope = (to - from) / durationMs;
    // (slope / 2) t² + from t = area, in the form that does not cancel out for small slopes.
    const root = Math.sqrt(Math.max(0, from * from + 2 * slope * area));
    const inPieceMs = area === 0 ? 0 : (2 * area) / (from + root);
    return this.#startsMs[at]! + Math.min(inPieceMs, durationMs);
  }

  /** The last piece that begins at or before a value, passing over those that have no requests. */
  #pieceAt(starts: readonly number[], value: number): number {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= value) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
