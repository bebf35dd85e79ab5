// The canary: lookups of many kinds in an index that nobody is served from yet, each made in every way
// in which serving threads make them, and compared.
//
// Numbers come from the index's own entries, from their neighbours, from the entries of what is served
// now, and from chance. It finds what checks of a file cannot: an image that was written by a faulty
// writer, or that code of this version reads differently. Whether the content is the right one is told
// by the chain (verify-snapshot) and by the diff, not here.

import { digitsOf, IDENTITIES, type Identity, KEY_MIN } from '../../ledger/number.ts';
import { createRandom, type Random } from '../../ledger/population/random.ts';
import { KINDS_IN_ORDER, type PagedIndex } from '../../wasm/entry-pages.ts';
import {
  type EntryKind,
  type IndexEntry,
  type IndexReader,
  kindOfAnswer,
  NOT_FOUND,
  routeOfAnswer,
} from '../../wasm/number-index.ts';
import type { WasmIndex } from '../../wasm/wasm-index.ts';
import { ResolverError } from '../resolver-error.ts';

/** Entries of each kind of one index that are tried. */
const ENTRIES_MAX = 1024;
const RANDOM_KEYS = 4096;
const KEY_END = 2 * 10 ** 15;

export type WalkedReader = IndexReader &
  PagedIndex &
  Pick<WasmIndex, 'counts' | 'segments' | 'portedPagesIn'>;

/**
 * Tries an index pair. Error: BCHF_SNAPSHOT_CANARY_FAILED with the number and what differs; a trap of the
 * Wasm code comes through as it is.
 *
 * @param before what is served now, for its numbers
 * @returns how many numbers were looked up
 */
export function tryIndexes(
  indexes: Record<Identity, WalkedReader>,
  routeCount: number,
  before: Record<Identity, WalkedReader> | undefined,
  seed: number,
): number {
  const random = createRandom(seed);
  let tried = 0;
  for (const identity of IDENTITIES) {
    const index = indexes[identity];
    for (const kind of KINDS_IN_ORDER) {
      const entries = sampleEntries(index, kind);
      for (const entry of entries) checkEntry(identity, index, entry);
      tried += checkKeys(identity, index, routeCount, keysAround(entries));
      if (!before) continue;
      const others = keysAround(sampleEntries(before[identity], kind));
      tried += checkKeys(identity, index, routeCount, others);
    }
    tried += checkKeys(identity, index, routeCount, randomKeys(random));
  }
  return tried;
}

/** Entries of a kind at equal distances, the first one among them. */
function sampleEntries(index: WalkedReader, kind: EntryKind): IndexEntry[] {
  return kind === 'ported' ? samplePorted(index) : sampleWalked(index, kind);
}

/** Ported numbers of lines at equal distances, of few lines more each: walking all would take far longer. */
function samplePorted(index: WalkedReader): IndexEntry[] {
  let lines = 0;
  for (const { lineCount } of index.segments()) lines += lineCount;
  const step = Math.max(1, Math.floor(lines / ENTRIES_MAX));
  const spans: number[] = [];
  let next = 0;
  let passed = 0;
  for (const { from, end, span, lineCount } of index.segments()) {
    for (; next < passed + lineCount; next += step) {
      const first = from + (next - passed) * span;
      if (first < end) spans.push(first, Math.min(first + span, end));
    }
    passed += lineCount;
  }
  const ofEach = Math.ceil(ENTRIES_MAX / Math.max(1, spans.length / 2));
  const sampled: IndexEntry[] = [];
  for (const { count, from, to, routes } of index.portedPagesIn(spans)) {
    const distance = Math.max(1, Math.floor(count / ofEach));
    for (let at = sampled.length % distance; at < count; at += distance) {
      sampled.push({ entry: 'ported', from: from[at]!, to: to[at]!, route: routes[at]! });
    }
  }
  return sampled;
}

function sampleWalked(index: WalkedReader, kind: 'prefix' | 'fragmented'): IndexEntry[] {
  const count = index.counts()[kind];
  const step = Math.max(1, Math.floor(count / ENTRIES_MAX));
  const sampled: IndexEntry[] = [];
  let next = 0;
  let passed = 0;
  for (const page of index.entryPages(kind)) {
    for (; next < passed + page.count; next += step) {
      const at = next - passed;
      const [from, to, route] = [page.from[at]!, page.to[at]!, page.routes[at]!];
      sampled.push({ entry: kind, from, to, route });
    }
    passed += page.count;
  }
  return sampled;
}

function keysAround(entries: readonly IndexEntry[]): number[] {
  return entries.flatMap(({ entry, from, to }) =>
    entry === 'prefix' ? [from, insideOf(from), from + 1] : [from - 1, from, to, to + 1],
  );
}

/** A number that begins with a prefix, of full length where there is room. */
function insideOf(prefix: number): number {
  let key = prefix;
  while (key * 10 < 10 ** 12) key *= 10;
  return key;
}

function randomKeys(random: Random): number[] {
  return Array.from({ length: RANDOM_KEYS }, () => KEY_MIN + random.below(KEY_END - KEY_MIN));
}

/** An entry that the index lists must be among those that cover its numbers. */
function checkEntry(identity: Identity, index: IndexReader, entry: IndexEntry): void {
  for (const key of new Set([entry.from, entry.to])) {
    const covering = index.explain(key);
    const isThere = covering.some(
      (one) =>
        one.entry === entry.entry &&
        one.from === entry.from &&
        one.to === entry.to &&
        one.route === entry.route,
    );
    if (!isThere) throw failed(identity, key, `its ${entry.entry} entry does not cover it`);
  }
}

/** Whatever the number, the batch, the single lookup and the explanation must agree. */
function checkKeys(
  identity: Identity,
  index: IndexReader,
  routeCount: number,
  keys: readonly number[],
): number {
  const size = index.batchMax;
  const columns = { keys: new Float64Array(size), answers: new Uint32Array(size) };
  for (let from = 0; from < keys.length; from += size) {
    const part = keys.slice(from, from + size);
    columns.keys.set(part);
    index.lookup(columns.keys, columns.answers, part.length);
    for (const [at, key] of part.entries()) {
      checkAnswer(identity, index, routeCount, key, columns.answers[at]!);
    }
  }
  return keys.length;
}

function checkAnswer(
  identity: Identity,
  index: IndexReader,
  routeCount: number,
  key: number,
  answer: number,
): void {
  const found = index.find(key);
  const [winner] = index.explain(key);
  if (!found || !winner) {
    if (found || winner || answer !== NOT_FOUND) {
      throw failed(identity, key, 'one way of looking it up finds it and another does not');
    }
    return;
  }
  const isOne =
    kindOfAnswer(answer) === found.entry &&
    routeOfAnswer(answer) === found.route &&
    winner.entry === found.entry &&
    winner.from === found.from &&
    winner.route === found.route;
  if (!isOne) throw failed(identity, key, 'two ways of looking it up find different entries');
  if (found.route >= routeCount) throw failed(identity, key, `there is no route ${found.route}`);
}

function failed(identity: Identity, key: number, reason: string): ResolverError {
  const message = `the canary failed at ${identity} ${digitsOf(key)}: ${reason}`;
  return new ResolverError('BCHF_SNAPSHOT_CANARY_FAILED', message);
}
