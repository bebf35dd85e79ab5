// The number space in figures: what lies below each of the digits that follow a prefix.
//
// There may be a hundred million ported numbers, so they are counted once, in blocks of a million
// consecutive numbers of one length, and not for each question. A block's key is that of its prefix, so a
// cell of the picture is either a sum of whole blocks, or lies inside of one, and then at most a million
// numbers are walked. Both are bounded, whatever the prefix.
//
//     cell 3584 ─ lengths of 10 digits and more: sums of blocks 3584, 35840…, ─ shorter ones: a walk
//
// Whose the numbers are is told by prefixes, which are few, exactly: each leaves its ten parts to longer
// ones. Runs take what they span from the prefixes' owners, in the usual length of the cell's numbers.

import { DIGITS_MAX, digitsOf, lengthOf, type NumberKey } from '../../ledger/number.ts';
import type { EntryPage } from '../../wasm/entry-pages.ts';
import type { EntryKind, IndexEntry } from '../../wasm/number-index.ts';
import type { NumberSpaceCell } from './console-model.ts';

/** Consecutive numbers of a block. */
export const BLOCK_NUMBERS = 1_000_000;
const BLOCK_DIGITS = 6;
const LISTED_MAX = 3;

/** Members by number, and the member of each route. */
export interface MemberTable {
  members: readonly string[];
  memberOfRoute: Uint32Array;
}

/** Where entries come from; see wasm/entry-walker.ts. */
export interface EntrySource {
  pageFrom(kind: EntryKind, from: number, to?: number): EntryPage;
  /** Every entry that covers a number. */
  explain(key: number): readonly IndexEntry[];
}

/** Numbers by member, in one block. */
type Shares = Map<number, number>;

interface Block {
  key: NumberKey;
  ported: Shares;
  /** Runs that begin in the block, and the numbers that runs have in it. */
  runs: number;
  runNumbers: Shares;
}

/** What a walk of all entries has counted. */
export class NumberSpaceCounts {
  readonly #table: MemberTable;
  /** By length of their numbers, rising by key once {@link finish} was called. */
  readonly #blocks = new Map<number, Map<NumberKey, Block>>();
  #sorted = new Map<number, Block[]>();
  readonly #prefixes = new Map<NumberKey, number>();
  /** Keys that have longer prefixes below them; 1 is the key of no digits. */
  readonly #interior = new Set<NumberKey>();

  constructor(table: MemberTable) {
    this.#table = table;
  }

  addPage(kind: EntryKind, page: EntryPage): void {
    if (kind === 'prefix') this.#addPrefixes(page);
    else if (kind === 'ported') this.#addPorted(page);
    else this.#addRuns(page);
  }

  finish(): void {
    this.#sorted = new Map(
      [...this.#blocks].map(([length, blocks]) => [
        length,
        [...blocks.values()].sort((left, right) => left.key - right.key),
      ]),
    );
  }

  #memberOf(route: number): number {
    return this.#table.memberOfRoute[route] ?? 0;
  }

  #addPrefixes({ count, from, routes }: EntryPage): void {
    for (let at = 0; at < count; at++) {
      const key = from[at]!;
      this.#prefixes.set(key, this.#memberOf(routes[at]!));
      for (let above = Math.floor(key / 10); above >= 1; above = Math.floor(above / 10)) {
        if (this.#interior.has(above)) break;
        this.#interior.add(above);
      }
    }
  }

  #addPorted({ count, from, routes }: EntryPage): void {
    for (let at = 0; at < count; ) {
      const key = Math.floor(from[at]! / BLOCK_NUMBERS);
      const { ported } = this.#blockOf(key, lengthOf(from[at]!));
      const end = (key + 1) * BLOCK_NUMBERS;
      // Keys rise, so those of a block follow each other.
      for (; at < count && from[at]! < end; at++) add(ported, this.#memberOf(routes[at]!), 1);
    }
  }

  #addRuns({ count, from, to, routes }: EntryPage): void {
    for (let at = 0; at < count; at++) {
      const [first, last] = [from[at]!, to[at]!];
      const member = this.#memberOf(routes[at]!);
      const length = lengthOf(first);
      this.#blockOf(Math.floor(first / BLOCK_NUMBERS), length).runs++;
      for (let begin = first; begin <= last; ) {
        const key = Math.floor(begin / BLOCK_NUMBERS);
        const end = Math.min(last, (key + 1) * BLOCK_NUMBERS - 1);
        add(this.#blockOf(key, length).runNumbers, member, end - begin + 1);
        begin = end + 1;
      }
    }
  }

  #blockOf(key: NumberKey, length: number): Block {
    let ofLength = this.#blocks.get(length);
    if (!ofLength) {
      ofLength = new Map();
      this.#blocks.set(length, ofLength);
    }
    let block = ofLength.get(key);
    if (!block) {
      block = { key, ported: new Map(), runs: 0, runNumbers: new Map() };
      ofLength.set(key, block);
    }
    return block;
  }

  /**
   * The cells of a prefix, one for each of the `digits` digits that come next.
   *
   * @param prefix its key; 1 for no digits at all
   * @param digits 1 or 2
   */
  cells(prefix: NumberKey, digits: 1 | 2, source: EntrySource): NumberSpaceCell[] {
    const count = 10 ** digits;
    const inherited = this.#ownerAbove(prefix);
    return Array.from({ length: count }, (_, at) => {
      const key = prefix * count + at;
      const between = digits === 2 ? this.#prefixes.get(Math.floor(key / 10)) : undefined;
      return this.#cell(key, between ?? inherited, source);
    });
  }

  /** The member of the longest prefix entry that covers a key, the key itself among them. */
  #ownerAbove(key: NumberKey): number | undefined {
    for (let above = key; above >= 10; above = Math.floor(above / 10)) {
      const member = this.#prefixes.get(above);
      if (member !== undefined) return member;
    }
    return undefined;
  }

  #cell(key: NumberKey, inherited: number | undefined, source: EntrySource): NumberSpaceCell {
    const owners = new Map<number | undefined, number>();
    this.#shareOut(key, inherited, 1, owners);
    const ported: Shares = new Map();
    let runs = 0;
    let portedCount = 0;
    let usual = { numbers: 0, capacity: 0, ported: 0, runNumbers: new Map() as Shares };
    const length = lengthOf(key);
    for (let numberLength = length; numberLength <= DIGITS_MAX; numberLength++) {
      const ofLength = this.#countLength(key, length, numberLength, source);
      if (!ofLength) continue;
      runs += ofLength.runs;
      for (const [member, numbers] of ofLength.ported) add(ported, member, numbers);
      const portedHere = sum(ofLength.ported);
      portedCount += portedHere;
      const numbers = portedHere + sum(ofLength.runNumbers);
      if (numbers <= usual.numbers) continue;
      const capacity = 10 ** (numberLength - length);
      usual = { numbers, capacity, ported: portedHere, runNumbers: ofLength.runNumbers };
    }
    takeForRuns(owners, usual.runNumbers, usual.capacity);
    const uncovered = owners.get(undefined) ?? 0;
    owners.delete(undefined);
    const name = (member: number) => this.#table.members[member] ?? '';
    return {
      digits: digitsOf(key),
      owners: largest(owners as Shares).map(([member, share]) => ({ member: name(member), share })),
      uncovered,
      fragmented: runs,
      ported: portedCount,
      portedDensity: usual.capacity === 0 ? null : usual.ported / usual.capacity,
      portedTo: largest(ported).map(([member, numbers]) => ({ member: name(member), numbers })),
    };
  }

  /** Gives a key's numbers to the owners of its prefixes, each longer one before the shorter. */
  #shareOut(
    key: NumberKey,
    inherited: number | undefined,
    share: number,
    owners: Map<number | undefined, number>,
  ): void {
    const owner = this.#prefixes.get(key) ?? inherited;
    if (!this.#interior.has(key)) {
      owners.set(owner, (owners.get(owner) ?? 0) + share);
      return;
    }
    for (let digit = 0; digit < 10; digit++) {
      this.#shareOut(key * 10 + digit, owner, share / 10, owners);
    }
  }

  /** What lies below a key among the numbers of one length; `undefined` where nothing does. */
  #countLength(
    key: NumberKey,
    keyLength: number,
    numberLength: number,
    source: EntrySource,
  ): Omit<Block, 'key'> | undefined {
    const blocks = this.#sorted.get(numberLength);
    if (!blocks) return undefined;
    const span = 10 ** (numberLength - keyLength);
    const [first, end] = [key * span, (key + 1) * span];
    if (numberLength - BLOCK_DIGITS < keyLength) {
      const isKnown = this.#blocks.get(numberLength)?.has(Math.floor(first / BLOCK_NUMBERS));
      return isKnown ? this.#walk(first, end, source) : undefined;
    }
    const sums: Omit<Block, 'key'> = { ported: new Map(), runs: 0, runNumbers: new Map() };
    const [firstBlock, endBlock] = [first / BLOCK_NUMBERS, end / BLOCK_NUMBERS];
    let at = positionOf(blocks, firstBlock);
    if (at === blocks.length || blocks[at]!.key >= endBlock) return undefined;
    for (; at < blocks.length && blocks[at]!.key < endBlock; at++) {
      const block = blocks[at]!;
      sums.runs += block.runs;
      for (const [member, numbers] of block.ported) add(sums.ported, member, numbers);
      for (const [member, numbers] of block.runNumbers) add(sums.runNumbers, member, numbers);
    }
    return sums;
  }

  /** Counts the entries of less than a block, one by one. */
  #walk(first: NumberKey, end: NumberKey, source: EntrySource): Omit<Block, 'key'> {
    const counts: Omit<Block, 'key'> = { ported: new Map(), runs: 0, runNumbers: new Map() };
    for (let from = first; from < end; ) {
      const page = source.pageFrom('ported', from);
      let at = 0;
      for (; at < page.count && page.from[at]! < end; at++) {
        add(counts.ported, this.#memberOf(page.routes[at]!), 1);
      }
      if (at === 0 || at < page.count) break;
      from = page.from[at - 1]! + 1;
    }
    // Runs that began before the cell and reach into it, then those that begin in it.
    for (const { entry, from, to, route } of source.explain(first)) {
      if (entry !== 'fragmented' || from >= first) continue;
      add(counts.runNumbers, this.#memberOf(route), Math.min(to, end - 1) - first + 1);
    }
    let [from, to] = [first - 1, 0];
    for (let isMore = true; isMore; ) {
      const page = source.pageFrom('fragmented', from, to);
      isMore = page.count > 0;
      for (let at = 0; at < page.count && isMore; at++) {
        [from, to] = [page.from[at]!, page.to[at]!];
        isMore = from < end;
        if (!isMore) break;
        counts.runs++;
        add(counts.runNumbers, this.#memberOf(page.routes[at]!), Math.min(to, end - 1) - from + 1);
      }
    }
    return counts;
  }
}

function add(shares: Shares, member: number, numbers: number): void {
  shares.set(member, (shares.get(member) ?? 0) + numbers);
}

function sum(shares: Shares): number {
  let total = 0;
  for (const numbers of shares.values()) total += numbers;
  return total;
}

function largest(shares: Shares): [number, number][] {
  return [...shares].sort((left, right) => right[1] - left[1]).slice(0, LISTED_MAX);
}

/** Moves what runs span from the owners of the prefixes, in proportion, to those of the runs. */
function takeForRuns(
  owners: Map<number | undefined, number>,
  runNumbers: Shares,
  capacity: number,
): void {
  if (capacity === 0) return;
  // Runs that lie in each other are counted twice: then there is nothing left, but not less.
  const taken = Math.min(1, sum(runNumbers) / capacity);
  if (taken === 0) return;
  for (const [owner, share] of owners) {
    if (taken === 1) owners.delete(owner);
    else owners.set(owner, share * (1 - taken));
  }
  const scale = taken / sum(runNumbers);
  for (const [member, numbers] of runNumbers) {
    owners.set(member, (owners.get(member) ?? 0) + numbers * scale);
  }
}

/** The place of the first block that is not below a key. */
function positionOf(blocks: readonly Block[], key: number): number {
  let [low, high] = [0, blocks.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (blocks[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
