// What an index of numbers does, whoever implements it.
//
// The index knows digits and small integers, not telephony: a *key* is a number's digits with a 1 in
// front (1 to 15 digits, so 10 to 1_999_999_999_999_999), a *route* is a number below 2^20. One
// index holds one key space; a resolver keeps one for each identity kind.

export type EntryKind = 'prefix' | 'fragmented' | 'ported';

/** Highest route number plus one. */
export const ROUTES_MAX = 1 << 20;

/** Highest index of user data plus one. */
export const USER_DATA_END = 2 ** 48;

/**
 * One change: the entry `from` to `to` gets `route`, or disappears where `route` is null.
 *
 * A prefix and a ported number have `to` equal to `from`. A fragmented run is a closed range of keys
 * of one length; runs nest or are apart, they never cross, and a change names a run exactly as it
 * was set. Setting an entry that exists replaces its route and user data; deleting one that does not
 * exist is no error and changes nothing.
 */
export interface IndexChange {
  entry: EntryKind;
  from: number;
  to: number;
  route: number | null;
  /**
   * Where in the data management element the user data lies: an integer below USER_DATA_END, or
   * absent. That of a ported number is its own; that of a fragmented run belongs to its first number,
   * and the number `key` in it has `userData + (key - from)`. A prefix has none.
   */
  userData?: number;
}

/** One entry of the index. */
export interface IndexEntry {
  entry: EntryKind;
  from: number;
  to: number;
  route: number;
  /** As it was set, see {@link IndexChange}; absent where there is none. */
  userData?: number;
}

/** What an index holds, by entry kind. */
export interface IndexCounts {
  prefix: number;
  fragmented: number;
  ported: number;
}

/** All entries that cover a number, the winner first, in falling precedence. */
export type Explanation = IndexEntry[];

/** Most runs that are counted besides those which a {@link BoundedExplanation} tells of, by default. */
export const RUNS_COUNTED_MAX = 1024;

/** The entries that cover a number, but of its runs only so many, the innermost. */
export interface BoundedExplanation {
  entries: Explanation;
  /** Runs around those told of: 0 to the most that are counted, which stands for as many or more. */
  runsLeftOut: number;
}

/** Makes of a whole explanation a bounded one. A RangeError where `runsMax` is no integer from 1 up. */
export function boundExplanation<Entry extends Pick<IndexEntry, 'entry'>>(
  explanation: readonly Entry[],
  runsMax: number,
  runsCountedMax: number = RUNS_COUNTED_MAX,
): { entries: Entry[]; runsLeftOut: number } {
  if (!(Number.isInteger(runsMax) && runsMax >= 1)) {
    throw new RangeError(`an explanation with ${runsMax} runs`);
  }
  let runs = 0;
  const entries = explanation.filter(({ entry }) => entry !== 'fragmented' || ++runs <= runsMax);
  return { entries, runsLeftOut: Math.min(explanation.length - entries.length, runsCountedMax) };
}

/**
 * An *answer* is 32 bits; 0 is "not found".
 *
 *     31    30 29        26 25     20 19                    0
 *    ┌────────┬────────────┬─────────┬───────────────────────┐
 *    │ kind   │ length     │ 0       │ route                 │
 *    └────────┴────────────┴─────────┴───────────────────────┘
 *
 * kind: 1 prefix, 2 fragmented, 3 ported. length: matched digits, the prefix's own or the whole
 * number's.
 */
export type Answer = number;

export const NOT_FOUND: Answer = 0;
/** What {@link IndexReader.lookupNames} gives besides answers; as an answer it says "not found". */
export const ONLY_BELOW: Answer = 1;

const KINDS: readonly (EntryKind | undefined)[] = [undefined, 'prefix', 'fragmented', 'ported'];

/** Makes of the answers of a lookup those of {@link IndexReader.lookupNames}, one key at a time. */
export function markNames(
  reader: Pick<IndexReader, 'hasBelow'>,
  keys: Float64Array,
  answers: Uint32Array,
  count: number,
): void {
  for (let at = 0; at < count; at++) {
    if (answers[at] === NOT_FOUND && reader.hasBelow(keys[at]!)) answers[at] = ONLY_BELOW;
  }
}

/** The kind of entry that an answer comes from; `undefined` for "not found". */
export function kindOfAnswer(answer: Answer): EntryKind | undefined {
  return KINDS[answer >>> 30];
}

/** How many digits matched: 1 to 15, or 0 for "not found". */
export function lengthOfAnswer(answer: Answer): number {
  return (answer >>> 26) & 15;
}

/** The route number of an answer other than "not found". */
export function routeOfAnswer(answer: Answer): number {
  return answer & (ROUTES_MAX - 1);
}

/** The reading side of an index: what a serving thread has. */
export interface IndexReader {
  /** Most keys in one batch. */
  readonly batchMax: number;
  /**
   * Looks up `keys[0..count)` and writes `answers[0..count)`, all of one version of the index.
   * `count` is at most `batchMax`, else a RangeError. What is no key is not found.
   */
  lookup(keys: Float64Array, answers: Uint32Array, count: number): void;
  /**
   * As {@link lookup}, but for a key that nothing covers, while a longer prefix or number begins with
   * its digits, gives ONLY_BELOW. All answers are of one version of the index; over several memories
   * what lies below may be of a newer one.
   */
  lookupNames(keys: Float64Array, answers: Uint32Array, count: number): void;
  /** The winning entry for one number, or `undefined`. */
  find(key: number): IndexEntry | undefined;
  /**
   * Every entry that covers a number, in falling precedence. Runs may nest as deep as there are runs, so
   * what answers a request from a network uses {@link explainWithin}.
   */
  explain(key: number): Explanation;
  /**
   * As {@link explain}, but of the runs only the `runsMax` innermost (1 or more, an integer). Of those around
   * them it counts up to `runsCountedMax` (RUNS_COUNTED_MAX if not given), for which it has to visit each: 0 is
   * for who tells no count.
   */
  explainWithin(key: number, runsMax: number, runsCountedMax?: number): BoundedExplanation;
  /**
   * Whether any entry lies below these digits: a prefix or a full number that is longer than the
   * given one and begins with it. ENUM needs it to tell NXDOMAIN from an empty answer.
   */
  hasBelow(key: number): boolean;
  /**
   * The label given with the last {@link NumberIndex.apply}; empty where none was. Asked for before
   * a lookup, it is the label of the version that answers, or of one before it.
   */
  label(): Uint8Array;
}

/** An index with its one writer. */
export interface NumberIndex extends IndexReader {
  /**
   * Applies changes in order and makes them visible together; a reader sees all of them or none.
   * Throws an `IndexError`, leaving everything as it was, where a change is refused; a RangeError
   * where a change or the label is not what this interface says. Of several changes of one entry
   * the last counts, and whether runs cross is judged by what the whole batch leads to.
   *
   * `label` (at most LABEL_BYTES) is kept with this version and never looked at: the resolver puts
   * height and block hash there, so that an answer's freshness belongs to its content.
   */
  apply(changes: readonly IndexChange[], label?: Uint8Array): void;
  /**
   * All entries: by kind (prefix, fragmented, ported), then by key; a run before those inside it.
   * Where `apply` is called before the last one was taken, the next step throws a TypeError.
   */
  entries(): IterableIterator<IndexEntry>;
  counts(): IndexCounts;
}

export const LABEL_BYTES = 64;

/**
 * An operating error of the index, with a stable code:
 *
 * - BCHF_INDEX_CROSSING_RUN: a fragmented run would cross another.
 * - BCHF_INDEX_FULL: the memory's limit is reached. Small batches of deletions are still taken.
 * - BCHF_INDEX_READERS_MAX: every place for a reader is taken.
 * - BCHF_INDEX_IMAGE_INVALID: an image is truncated, damaged, or has an entry that is broken or names a
 *   route that there is none of; or shards do not belong together.
 * - BCHF_INDEX_IMAGE_VERSION: an image has a format that this version cannot read.
 * - BCHF_INDEX_TRAP: the Wasm code trapped, or a batch was published in some shards and not in all;
 *   the instance must not be used again.
 */
export class IndexError extends Error {
  readonly code: IndexErrorCode;

  constructor(code: IndexErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'IndexError';
    this.code = code;
  }
}

export type IndexErrorCode =
  | 'BCHF_INDEX_CROSSING_RUN'
  | 'BCHF_INDEX_FULL'
  | 'BCHF_INDEX_READERS_MAX'
  | 'BCHF_INDEX_IMAGE_INVALID'
  | 'BCHF_INDEX_IMAGE_VERSION'
  | 'BCHF_INDEX_TRAP';
