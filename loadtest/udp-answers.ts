// Prepares the datagrams of a UDP load test and checks the answers to them.
//
// Answers carry route numbers, expectations route ids. An answer whose route is not known yet is put
// aside, counted by number and expected id, and judged at the end: a run may have millions of
// answers but only thousands of such pairs.

import type { Identity } from '../ledger/number.ts';
import { digitsOf, lengthOf } from '../ledger/number.ts';
import type { BatchResponse } from '../resolver/udp/batch-codec.ts';
import {
  NUMBER_BYTES,
  NUMBER_OK,
  REQUEST_HEADER_BYTES,
  writeLookupRequest,
} from '../resolver/udp/batch-codec.ts';
import type { Datagram } from './datagram-load.ts';
import type { LoadCounts } from './load-report.ts';
import { EXAMPLES_MAX } from './load-report.ts';
import type { ExpectedMatch, PooledNumber } from './number-source.ts';
import type { RouteNames } from './route-names.ts';

const KIND_CODES = { prefix: 1, fragmented: 2, ported: 3 } as const;
const KIND_NAMES = ['not found', 'prefix', 'fragmented', 'ported'];
/** The part of an answer beside the route number: kind and matched length. */
export const HEAD_MASK = 0xfff0_0000;
export const ROUTE_MASK = 0x000f_ffff;

/** A request that only lacks its id. */
export interface PreparedDatagram extends Datagram {
  numbers: PooledNumber[];
  /** For each number the expected answer without its route number; 0 for "not found". */
  heads: Uint32Array;
}

/**
 * Groups the pool into datagrams of one identity kind and `batch` numbers each; fewer where the pool,
 * which has at least one number, is too small for that.
 */
export function prepareDatagrams(pool: readonly PooledNumber[], batch: number): PreparedDatagram[] {
  const groups: Record<Identity, PooledNumber[]> = { imsi: [], msisdn: [] };
  const prepared: PreparedDatagram[] = [];
  const flush = (identity: Identity) => {
    const numbers = groups[identity];
    groups[identity] = [];
    prepared.push(prepare(identity, numbers));
  };
  for (const number of pool) {
    if (groups[number.identity].push(number) === batch) flush(number.identity);
  }
  // Full datagrams only, as asked for, unless the pool is too small for one.
  if (prepared.length === 0) flush(groups.imsi.length > groups.msisdn.length ? 'imsi' : 'msisdn');
  return prepared;
}

function prepare(identity: Identity, numbers: PooledNumber[]): PreparedDatagram {
  const bytes = new Uint8Array(REQUEST_HEADER_BYTES + NUMBER_BYTES * numbers.length);
  const keys = numbers.map(({ key }) => key);
  writeLookupRequest(bytes, 0, identity, keys, keys.length);
  return { bytes, count: numbers.length, numbers, heads: Uint32Array.from(numbers, headOf) };
}

function headOf({ key, expected }: PooledNumber): number {
  if (expected === undefined) return 0;
  const length = lengthOf(expected.entry === 'prefix' ? expected.from : key);
  return ((KIND_CODES[expected.entry] << 30) | (length << 26)) >>> 0;
}

/** Checks answers and counts what is wrong with them. */
export class AnswerCheck {
  readonly examples: string[] = [];
  readonly #counts: LoadCounts;
  readonly #names: RouteNames;
  /** Answers with a route that is not known yet: by its number, by the expected id. */
  readonly #putAside = new Map<number, Map<string, { answers: number; first: PooledNumber }>>();
  #routeTableVersion: number | undefined;

  constructor(counts: LoadCounts, names: RouteNames) {
    this.#counts = counts;
    this.#names = names;
  }

  /** Checks every answer of a response to `prepared` that has as many answers as it has numbers. */
  check(prepared: PreparedDatagram, response: BatchResponse): void {
    if (response.routeTableVersion !== this.#routeTableVersion) {
      this.#routeTableVersion = response.routeTableVersion;
      this.#names.forget();
    }
    for (let index = 0; index < response.count; index++) {
      const answer = response.answers[index]!;
      const isLookedUp = response.numberStatus[index] === NUMBER_OK;
      const number = prepared.numbers[index]!;
      if (!isLookedUp || (answer & HEAD_MASK) >>> 0 !== prepared.heads[index]) {
        this.#wrong(number, isLookedUp ? describeAnswer(answer) : 'malformed', 1);
      } else if (number.expected !== undefined) {
        this.#checkRoute(number, number.expected, answer & ROUTE_MASK);
      }
    }
  }

  #checkRoute(number: PooledNumber, { route }: ExpectedMatch, routeNumber: number): void {
    const id = this.#names.idOf(routeNumber);
    if (id === route) return;
    if (id !== undefined) {
      this.#wrong(number, `route ${id}`, 1);
      return;
    }
    const byId = this.#putAside.get(routeNumber) ?? new Map();
    this.#putAside.set(routeNumber, byId);
    const aside = byId.get(route);
    if (aside === undefined) byId.set(route, { answers: 1, first: number });
    else aside.answers++;
  }

  /** Judges what was put aside, once the names are settled. */
  async finish(): Promise<void> {
    for (const routeNumber of this.#putAside.keys()) this.#names.idOf(routeNumber);
    await this.#names.settled();
    for (const [routeNumber, byId] of this.#putAside) {
      const id = this.#names.idOf(routeNumber);
      for (const [expectedId, { answers, first }] of byId) {
        if (id === undefined) this.#counts.unverified += answers;
        else if (id !== expectedId) this.#wrong(first, `route ${id}`, answers);
      }
    }
    this.#putAside.clear();
  }

  #wrong(number: PooledNumber, got: string, answers: number): void {
    this.#counts.wrong += answers;
    this.tell(`${number.identity}-${digitsOf(number.key)}: ${got}, not ${expectationOf(number)}`);
  }

  /** Keeps a line for people, up to a limit. */
  tell(example: string): void {
    if (this.examples.length < EXAMPLES_MAX) this.examples.push(example);
  }
}

/** What an answer says, without its route. */
export function describeAnswer(answer: number): string {
  const kind = KIND_NAMES[answer >>> 30]!;
  return answer === 0 ? kind : `${kind} of ${(answer >>> 26) & 15} digits`;
}

/** What it should say. */
export function expectationOf({ key, expected }: PooledNumber): string {
  if (expected === undefined) return 'not found';
  const length = lengthOf(expected.entry === 'prefix' ? expected.from : key);
  return `${expected.entry} of ${length} digits to route ${expected.route}`;
}
