// Why a number resolves as it does: what each entry that covers it counts for against the others.
//
// Precedence is the index's: a ported number, then runs from the innermost to the outermost, then
// prefixes from the longest to the shortest. Each entry shadows all that come after it.

import { lengthOf, type NumberKey } from '../ledger/number.ts';
import type { IndexEntry } from '../wasm/number-index.ts';

/** What one of the entries that cover a number counts for. */
export interface Standing {
  /** Digits that matched: a prefix's own, otherwise the whole number's. 1 to 15. */
  matchedLength: number;
  wins: boolean;
  /** Why it wins, or what comes before it; for people. */
  why: string;
  /** The next in precedence, which would answer without this one; `undefined` for the last. */
  shadows: IndexEntry | undefined;
}

/** The standing of every entry that covers a number, given in falling precedence. */
export function standingsOf(key: NumberKey, covering: readonly IndexEntry[]): Standing[] {
  return covering.map((entry, position) => ({
    matchedLength: lengthOf(entry.entry === 'prefix' ? entry.from : key),
    wins: position === 0,
    why: position === 0 ? whyItWins(entry, covering) : whyItLoses(entry, covering[0]!),
    shadows: covering[position + 1],
  }));
}

function whyItWins({ entry }: IndexEntry, covering: readonly IndexEntry[]): string {
  if (covering.length === 1) return 'the only entry that covers the number';
  if (entry === 'ported') return 'ported numbers come before runs and prefixes';
  const peers = covering.filter((other) => other.entry === entry).length;
  if (entry === 'prefix') return `longest of ${peers} prefixes`;
  const innermost = peers > 1 ? `innermost of ${peers} runs` : 'the only run';
  return peers < covering.length ? `${innermost}; runs come before prefixes` : innermost;
}

function whyItLoses({ entry }: IndexEntry, winner: IndexEntry): string {
  const many = { ported: 'ported numbers', fragmented: 'runs', prefix: 'prefixes' } as const;
  if (entry !== winner.entry) return `${many[winner.entry]} come before ${many[entry]}`;
  return entry === 'prefix'
    ? 'a longer prefix covers the number'
    : 'a run inside it covers the number';
}
