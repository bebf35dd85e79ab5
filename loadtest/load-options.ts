// What every load test is told.

import type { LatencySeries } from './latency-series.ts';
import type { PooledNumber } from './number-source.ts';
import type { RatePlan } from './rate-plan.ts';

export interface LoadOptions {
  host: string;
  port: number;
  /** The numbers to ask for, in order, again and again; at least one. */
  pool: readonly PooledNumber[];
  /** Chooses the next position of the pool instead of the order. */
  nextPosition?: (() => number) | undefined;
  durationMs: number;
  /** Most lookups; `Infinity` where only the time counts. */
  lookupsMax: number;
  /** When lookups are due, in an open loop; `undefined` for a closed one. */
  plan: RatePlan | undefined;
  /** Where an open loop notes latencies and losses over time. */
  series?: LatencySeries | undefined;
  /** Sockets, so that a server with several threads on one port uses them all. */
  connections: number;
  /** How long an answer is waited for. */
  timeoutMs: number;
  /**
   * Most requests or datagrams under way in an open loop, for each socket; what is due beyond is
   * left unsent and counted. Default 4096.
   */
  underWayMax?: number | undefined;
  /** Ends the run early; what was measured so far is the result. */
  signal: AbortSignal;
}

export const UNDER_WAY_DEFAULT = 4096;

/**
 * An operating error of a load test:
 *
 * - BCHF_LOADTEST_HOST: the host has no address, or no socket could be opened towards it.
 * - BCHF_LOADTEST_SCENARIO: a scenario or a report that cannot be read, or is none.
 * - BCHF_LOADTEST_THREAD: a thread of the generator ended before its time.
 * - BCHF_CAPACITY_QUANTITY: a rate, a number, a time, a memory or an availability that is none.
 * - BCHF_CAPACITY_CURVES: curves that cannot be read, or that have too little for the plan.
 * - BCHF_CAPACITY_UNREACHABLE: what is wanted lies beyond every number of machines.
 */
export class LoadtestError extends Error {
  readonly code: LoadtestErrorCode;

  constructor(code: LoadtestErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'LoadtestError';
    this.code = code;
  }
}

export type LoadtestErrorCode =
  | 'BCHF_LOADTEST_HOST'
  | 'BCHF_LOADTEST_SCENARIO'
  | 'BCHF_LOADTEST_THREAD'
  | 'BCHF_CAPACITY_QUANTITY'
  | 'BCHF_CAPACITY_CURVES'
  | 'BCHF_CAPACITY_UNREACHABLE';

/** Longest run, most lookups, sockets and the like: a load test always ends. */
export const DURATION_S_MAX = 86_400;
export const LOOKUPS_MAX = 1e12;
export const CONNECTIONS_MAX = 1000;
export const IN_FLIGHT_MAX = 1024;
export const PIPELINING_MAX = 128;
export const RATE_MAX = 1e8;
