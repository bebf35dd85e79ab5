// Why a number resolves as it does: what each entry that covers it counts for against the others.
//
// Precedence is the index's: a ported number, then runs from the innermost to the outermost, then
// prefixes from the longest to the shortest. Each entry shadows all that come after it.

import { lengthOf, type NumberKey } from '../ledger/number.ts';
import { type IndexEntry, RUNS_COUNTED_MAX } from '../wasm/number-index.ts';

/** What one of the entries that cover a number counts for. */
export interface Standing {
  /** Digits that matched: a prefix's own, otherwise the whole number's. 1 to 15. */
  matchedLength: number;
  wins: boolean;
  /** Why it wins, or what comes before it; for people. */
  why: string;
  /**
   * The next in precedence, which would answer without this one; `undefined` for the last, and where
   * runs between the two are left out.
   */
  shadows: IndexEntry | undefined;
}

/**
 * Most runs that an explanation over HTTP and the command line tells of, the innermost ones. Runs may nest
 * as deep as somebody allocates them, and each that is told of takes some 700 bytes.
 */
export const RUNS_EXPLAINED_MAX = 64;

/**
 * The standing of every entry that covers a number, given in falling precedence; `runsLeftOut` as in a
 * BoundedExplanation.
 */
export function standingsOf(
  key: NumberKey,
  covering: readonly IndexEntry[],
  runsLeftOut = 0,
): Standing[] {
  const lastRun = covering.findLastIndex(({ entry }) => entry === 'fragmented');
  return covering.map((entry, position) => ({
    matchedLength: lengthOf(entry.entry === 'prefix' ? entry.from : key),
    wins: position === 0,
    why: position === 0 ? whyItWins(entry, covering, runsLeftOut) : whyItLoses(entry, covering[0]!),
    shadows: runsLeftOut > 0 && position === lastRun ? undefined : covering[position + 1],
  }));
}

function whyItWins(
  { entry }: IndexEntry,
  covering: readonly IndexEntry[],
  runsLeftOut: number,
): string {
  if (covering.length + runsLeftOut === 1) return 'the only entry that covers the number';
  if (entry === 'ported') return 'ported numbers come before runs and prefixes';
  const peers = covering.filter((other) => other.entry === entry).length;
  if (entry === 'prefix') return `longest of ${peers} prefixes`;
  const runs = peers + runsLeftOut;
  const orMore = runsLeftOut === RUNS_COUNTED_MAX ? ' or more' : '';
  const innermost = runs > 1 ? `innermost of ${runs}${orMore} runs` : 'the only run';
  return peers < covering.length ? `${innermost}; runs come before prefixes` : innermost;
}

function whyItLoses({ entry }: IndexEntry, winner: IndexEntry): string {
  const many = { ported: 'ported numbers', fragmented: 'runs', prefix: 'prefixes' } as const;
  if (entry !== winner.entry) return `${many[winner.entry]} come before ${many[entry]}`;
  return entry === 'prefix'
    ? 'a longer prefix covers the number'
    : 'a run inside it covers the number';
}
