// What measures one interface of a resolver, and what it is told.

import { LoadtestError } from '../load-options.ts';
import type { Interface, Scenario } from '../scenario/scenario.ts';
import type { Measured } from './curves.ts';

export interface MeasureOptions {
  target: Scenario['target'];
  population: Scenario['population'];
  /** For each load. */
  secondsEach: number;
  threads: number;
  connections: number;
  /** Numbers in a datagram of the batch protocol. */
  batch: number;
  signal: AbortSignal;
  tell(line: string): void;
}

/** Measures one interface. */
export interface LoadMeter {
  /** The most that is answered a second. Throws BCHF_LOADTEST_HOST where nothing is, or wrongly. */
  most(): Promise<number>;
  /** A curve of rising loads in lookups a second; it ends early at the signal. */
  measure(loads: readonly number[]): Promise<Measured>;
}

/** The error where no answer came, or wrong ones. */
export function noResolver(
  name: Interface,
  { target }: Pick<MeasureOptions, 'target'>,
  wrong: number,
): LoadtestError {
  const what = wrong > 0 ? `${wrong} answers were wrong` : 'no answer came';
  const message = `${name} at ${target.host}:${target[name]}: ${what}; is it a resolver with this population?`;
  return new LoadtestError('BCHF_LOADTEST_HOST', message);
}
