// How fresh an answer is: the label that goes with every version of the index, and the newest
// committed block against which its lag is told.
//
//     index label, little-endian
//      0        8                                40       48               64
//     ┌────────┬────────────────────────────────┬────────┬────────────────┐
//     │ height │ block hash                     │ timeMs │ 0              │
//     │ f64    │ 32 bytes                       │ f64    │                │
//     └────────┴────────────────────────────────┴────────┴────────────────┘

/** The committed block whose state an index version holds. Height 0 is "no block yet". */
export interface BlockLabel {
  height: number;
  /** 32 bytes. */
  blockHash: Uint8Array;
  /** Block time, milliseconds since 1970. */
  timeMs: number;
}

const LABEL_BYTES = 64;
const HASH_AT = 8;
const TIME_AT = 40;

export function encodeLabel({ height, blockHash, timeMs }: BlockLabel): Uint8Array {
  const label = new Uint8Array(LABEL_BYTES);
  const view = new DataView(label.buffer);
  view.setFloat64(0, height, true);
  label.set(blockHash, HASH_AT);
  view.setFloat64(TIME_AT, timeMs, true);
  return label;
}

/** The height in a label, 0 in an empty one; for where the rest of the label is not needed. */
export function heightOfLabel(label: Uint8Array): number {
  if (label.length === 0) return 0;
  return new DataView(label.buffer, label.byteOffset, label.byteLength).getFloat64(0, true);
}

/** The inverse; an index that was never given a label stands before the first block. */
export function decodeLabel(label: Uint8Array): BlockLabel {
  if (label.length === 0) return { height: 0, blockHash: new Uint8Array(32), timeMs: 0 };
  const view = new DataView(label.buffer, label.byteOffset, label.byteLength);
  return {
    height: view.getFloat64(0, true),
    blockHash: label.slice(HASH_AT, TIME_AT),
    timeMs: view.getFloat64(TIME_AT, true),
  };
}

/**
 * Decodes labels for a thread that reads the same one again and again: as long as the label is the
 * same, so is the object. To take the same 64 bytes apart for each answer would be most of its cost.
 */
export class LabelReader {
  #label: Uint8Array = new Uint8Array(0);
  #block = decodeLabel(this.#label);

  read(label: Uint8Array): BlockLabel {
    if (isSameLabel(label, this.#label)) return this.#block;
    this.#label = label;
    this.#block = decodeLabel(label);
    return this.#block;
  }
}

/** Whether two labels are of one block. */
export function isSameLabel(one: Uint8Array, other: Uint8Array): boolean {
  if (one === other) return true;
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

/**
 * The newest committed block that this process knows of, shared by all threads: two float64 words.
 *
 * The writer stores the time before the height, so a reader that sees a new height sees a time that
 * is at least as new; it may see a new time with an old height, which tells a lag of nothing where
 * the index is at the old height, and that was true an instant before.
 */
export class NewestBlock {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Float64Array;

  /** @param buffer the words of another thread's instance; without it, new words: "none known". */
  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT);
    this.#words = new Float64Array(this.buffer);
    if (!buffer) this.#words[0] = Number.NaN;
  }

  /** `undefined` where no ledger is followed. */
  get height(): number | undefined {
    const height = this.#words[0] as number;
    return Number.isNaN(height) ? undefined : height;
  }

  /** A block was committed at `nowMs` by this machine's clock. */
  committed(height: number, nowMs: number): void {
    this.#words[1] = nowMs;
    this.#words[0] = height;
  }

  /**
   * How long the newest block has been waiting to be served: 0 where it is served, `undefined` where
   * no ledger is followed and so nobody knows.
   *
   * @param nowMs milliseconds since 1970, or what tells them: most answers are of the newest block and
   *   need not read the clock
   */
  lagMs(servedHeight: number, nowMs: number | (() => number)): number | undefined {
    const newest = this.height;
    if (newest === undefined) return undefined;
    if (servedHeight >= newest) return 0;
    const untilMs = typeof nowMs === 'number' ? nowMs : nowMs();
    return Math.max(0, Math.round(untilMs - (this.#words[1] as number)));
  }
}
