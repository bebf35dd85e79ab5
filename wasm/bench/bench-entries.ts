// What the benches of the index share besides their population: the option --entries, and at which
// size their bars are judged.

import { group } from './bench-format.ts';
import { PORTED_MAX, PORTED_MIN } from './bench-population.ts';
import type { BenchOption, BenchOptions, BenchResult } from './bench-report.ts';

/** `--entries`: how many ported numbers an index is filled with, any that a population can have. */
export function entriesOption(
  sizes: Pick<BenchOption, 'full' | 'quick'> & Partial<BenchOption>,
): Record<'entries', BenchOption> {
  return { entries: { what: 'ported numbers', min: PORTED_MIN, max: PORTED_MAX, ...sizes } };
}

/** Bars are judged at the size that they are set for alone, and not in a quick run. */
export function judgedAt(
  full: number,
  { quick, values }: Pick<BenchOptions<'entries'>, 'quick' | 'values'>,
): Pick<BenchResult, 'unjudged'> {
  if (values.entries === full && !quick) return {};
  return { unjudged: `they are set for ${group(full)} ported numbers` };
}

/** The same for bars that hold at every size from one on. */
export function judgedFrom(
  least: number,
  { quick, values }: Pick<BenchOptions<'entries'>, 'quick' | 'values'>,
): Pick<BenchResult, 'unjudged'> {
  if (values.entries >= least && !quick) return {};
  return { unjudged: `they are set for ${group(least)} ported numbers and more` };
}
