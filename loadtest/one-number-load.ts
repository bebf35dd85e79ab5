// Load over a protocol that asks for one number in a datagram, ENUM or pdb: the queries of a pool, and the
// check of every answer. What a query is and what a right answer, enum-answers.ts and pdb-answers.ts say.

import type { DatagramMessages } from './batch-load.ts';
import { type Datagram, runDatagramLoad } from './datagram-load.ts';
import type { LoadOptions } from './load-options.ts';
import type { LoadResult } from './load-report.ts';
import { createLoadCounts, EXAMPLES_MAX } from './load-report.ts';
import type { PooledNumber } from './number-source.ts';

/** What is not as expected in an answer. */
export interface Misfit {
  /** Whether it says something else of the number; otherwise it says nothing of it. */
  isWrong: boolean;
  /** For people, with the number. */
  what: string;
}

export interface OneNumberProtocol {
  queryBytesMax: number;
  /** Where queries and answers have their id, two bytes, the higher one first. */
  idOffset: number;
  /** A query with the id 0. */
  queryFor(number: PooledNumber): Uint8Array;
  /** Whether a message is long enough for its id and may be an answer. */
  isAnswer(message: Uint8Array): boolean;
  /** `undefined` where all is as expected. */
  judge(number: PooledNumber, answer: Uint8Array): Misfit | undefined;
}

export interface OneNumberLoadOptions extends LoadOptions {
  /** Queries under way on all sockets together in a closed loop. */
  inFlight: number;
}

interface Query extends Datagram {
  number: PooledNumber;
}

/** Runs a load test; see runDatagramLoad on its errors. The pool has MSISDNs only. */
export function runOneNumberLoad(
  options: OneNumberLoadOptions,
  { queryBytesMax, idOffset, queryFor, isAnswer, judge }: OneNumberProtocol,
): Promise<LoadResult> {
  const { pool, inFlight } = options;
  const counts = createLoadCounts();
  const examples: string[] = [];
  const tell = (example: string) => {
    if (examples.length < EXAMPLES_MAX) examples.push(example);
  };
  let turn = 0;
  const nextPosition = options.nextPosition ?? (() => turn++ % pool.length);
  const queries: (Query | undefined)[] = new Array(pool.length);
  return runDatagramLoad<Query>(options, {
    ...{ counts, examples, tell, inFlight },
    protocol: {
      next() {
        const position = nextPosition();
        const number = pool[position]!;
        queries[position] ??= { bytes: queryFor(number), count: 1, number };
        return queries[position];
      },
      lookupsEach: 1,
      idMax: 0xffff,
      bytesMax: queryBytesMax,
      writeId(bytes, id) {
        bytes[idOffset] = id >>> 8;
        bytes[idOffset + 1] = id;
      },
      readId: (message) =>
        isAnswer(message) ? (message[idOffset]! << 8) | message[idOffset + 1]! : -1,
      judge({ number }, message) {
        const misfit = judge(number, message);
        if (!misfit) return;
        if (misfit.isWrong) counts.wrong++;
        else counts.errors++;
        tell(misfit.what);
      },
      finish: async () => {},
      close: async () => {},
    },
  });
}

/** The queries of a pool and the check of their answers, for a generator without sockets of Node. */
export function oneNumberMessages(
  pool: readonly PooledNumber[],
  { idOffset, queryFor, judge }: OneNumberProtocol,
): DatagramMessages {
  return {
    messages: pool.map(queryFor),
    lookupsEach: 1,
    idOffset,
    check: (packet, answer) => judge(pool[packet]!, answer)?.what,
  };
}
