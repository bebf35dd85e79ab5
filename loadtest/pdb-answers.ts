// What a load test asks in the protocol of Kamailio's pdb module and what it expects: one number a
// datagram, and the check of its answer.
//
// A carrier id is the place of a route in the table of routes + 1, unless the operator gives routes other
// ids (docs/pdb.md); these a generator cannot know, and it would count them as wrong.

import { digitsOf } from '../ledger/number.ts';
import type { PooledNumber } from './number-source.ts';
import type { Misfit, OneNumberProtocol } from './one-number-load.ts';
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

/** @param routes those of the population, in the order of the table */
export function pdbProtocol(routes: readonly { id: string }[]): OneNumberProtocol {
  const carriers = new Map(routes.map(({ id }, place) => [id, place + 1]));
  return {
    queryBytesMax: QUERY_BYTES_MAX,
    idOffset: PDB_ID_OFFSET,
    queryFor: ({ key }) => encodePdbQuery(digitsOf(key)),
    isAnswer: (message) =>
      message.length >= PDB_HEADER_BYTES && message[0] === VERSION && message[1] === TYPE_ANSWER,
    judge: (number, answer) => judgePdb(number, answer, carriers),
  };
}

function judgePdb(
  { key, expected }: PooledNumber,
  message: Uint8Array,
  carriers: ReadonlyMap<string, number>,
): Misfit | undefined {
  const digits = digitsOf(key);
  const wrong = (what: string): Misfit => ({ isWrong: true, what: `${digits}: ${what}` });
  const end = message.length;
  if (!expected) {
    const isRight = message[2] === PDB_NOT_FOUND && end === PDB_HEADER_BYTES;
    return isRight ? undefined : wrong(`code ${message[2]}, not "not found"`);
  }
  const carrier = carriers.get(expected.route);
  const wanted = `${expected.entry} to route ${expected.route}, carrier ${carrier}`;
  if (message[2] !== PDB_FOUND) return wrong(`code ${message[2]}, not ${wanted}`);
  const told = (message[end - 2]! << 8) | message[end - 1]!;
  const text = Buffer.from(message.subarray(PDB_HEADER_BYTES, end - FOUND_TAIL_BYTES));
  const number = text.toString('latin1');
  if (number === digits && told === carrier) return undefined;
  return wrong(`${number.slice(0, 20)} with carrier ${told}, not ${wanted}`);
}
