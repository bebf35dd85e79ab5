// Load over the protocol of Kamailio's pdb module: one number a datagram, and the check of every answer.
//
// A carrier id is the place of a route in the table of routes + 1, unless the operator gives routes other
// ids (docs/pdb.md); these a generator cannot know, and it would count them as wrong.

import { digitsOf } from '../ledger/number.ts';
import type { PacketCheck } from './batch-load.ts';
import { type Datagram, runDatagramLoad } from './datagram-load.ts';
import type { LoadOptions } from './load-options.ts';
import type { LoadResult } from './load-report.ts';
import { createLoadCounts, EXAMPLES_MAX } from './load-report.ts';
import type { PooledNumber } from './number-source.ts';
import {
  encodePdbQuery,
  PDB_FOUND,
  PDB_HEADER_BYTES,
  PDB_ID_OFFSET,
  PDB_NOT_FOUND,
} from './pdb-query-codec.ts';

const QUERY_BYTES_MAX = PDB_HEADER_BYTES + 16;
const VERSION = 1;
const TYPE_ANSWER = 1;
/** The 0 behind the digits, and the carrier id. */
const FOUND_TAIL_BYTES = 3;

export interface PdbLoadOptions extends LoadOptions {
  /** The carrier ids of the population's routes. */
  carriers: ReadonlyMap<string, number>;
  inFlight: number;
}

interface Query extends Datagram {
  number: PooledNumber;
}

/** The ids that routes have by their places. */
export function carriersByPlace(routes: readonly { id: string }[]): Map<string, number> {
  return new Map(routes.map(({ id }, place) => [id, place + 1]));
}

/** Queries for numbers as messages, and the check of their answers, for a generator without sockets of Node. */
export function pdbMessages(
  pool: readonly PooledNumber[],
  routes: readonly { id: string }[],
): { messages: Uint8Array[]; idOffset: number; check: PacketCheck } {
  const carriers = carriersByPlace(routes);
  return {
    messages: pool.map(({ key }) => encodePdbQuery(digitsOf(key))),
    idOffset: PDB_ID_OFFSET,
    check: (packet, response) => judgePdb(pool[packet]!, response, carriers),
  };
}

/** Runs a load test; see runDatagramLoad on its errors. The pool has MSISDNs only. */
export async function runPdbLoad(options: PdbLoadOptions): Promise<LoadResult> {
  const { pool, carriers } = options;
  const counts = createLoadCounts();
  const examples: string[] = [];
  let turn = 0;
  const nextPosition = options.nextPosition ?? (() => turn++ % pool.length);
  const tell = (example: string) => {
    if (examples.length < EXAMPLES_MAX) examples.push(example);
  };
  const queries: (Query | undefined)[] = new Array(pool.length);
  return runDatagramLoad<Query>(options, {
    counts,
    examples,
    tell,
    inFlight: options.inFlight,
    protocol: {
      next() {
        const position = nextPosition();
        const number = pool[position]!;
        queries[position] ??= { bytes: encodePdbQuery(digitsOf(number.key)), count: 1, number };
        return queries[position];
      },
      lookupsEach: 1,
      idMax: 0xffff,
      bytesMax: QUERY_BYTES_MAX,
      writeId(bytes, id) {
        bytes[PDB_ID_OFFSET] = id >>> 8;
        bytes[PDB_ID_OFFSET + 1] = id;
      },
      readId: (message) =>
        message.length < PDB_HEADER_BYTES || message[0] !== VERSION || message[1] !== TYPE_ANSWER
          ? -1
          : (message[PDB_ID_OFFSET]! << 8) | message[PDB_ID_OFFSET + 1]!,
      judge({ number }, message) {
        const wrong = judgePdb(number, message, carriers);
        if (wrong === undefined) return;
        counts.wrong++;
        tell(wrong);
      },
      finish: async () => {},
      close: async () => {},
    },
  });
}

/** What is not as expected in an answer; `undefined` where all is. */
export function judgePdb(
  { key, expected }: PooledNumber,
  message: Uint8Array,
  carriers: PdbLoadOptions['carriers'],
): string | undefined {
  const digits = digitsOf(key);
  const end = message.length;
  if (!expected) {
    const isRight = message[2] === PDB_NOT_FOUND && end === PDB_HEADER_BYTES;
    return isRight ? undefined : `${digits}: code ${message[2]}, not "not found"`;
  }
  const carrier = carriers.get(expected.route);
  const wanted = `${expected.entry} to route ${expected.route}, carrier ${carrier}`;
  if (message[2] !== PDB_FOUND) return `${digits}: code ${message[2]}, not ${wanted}`;
  const told = (message[end - 2]! << 8) | message[end - 1]!;
  const text = Buffer.from(message.subarray(PDB_HEADER_BYTES, end - FOUND_TAIL_BYTES));
  if (text.toString('latin1') === digits && told === carrier) return undefined;
  return `${digits}: ${text.toString('latin1').slice(0, 20)} with carrier ${told}, not ${wanted}`;
}
