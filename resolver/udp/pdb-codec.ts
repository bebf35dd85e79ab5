// The protocol of Kamailio's `pdb` module: one number in a datagram, a carrier id in the answer.
//
// Owns what becomes of a datagram, for transports that have no Wasm; wasm/assembly/packet/pdb.ts draws
// the formats, does the same and names the sources. One test gives both the same packets. Nothing here
// allocates or throws on any input from the network.

import { DIGITS_MAX, type NumberKey } from '../../ledger/number.ts';

const VERSION_1 = 1;
const HEADER_BYTES = 6;
const TYPE_ANSWER = 1;
const CODE_FOUND = 1;
const CODE_NOT_A_NUMBER = 2;
const CODE_NOT_FOUND = 3;
/** Longest number that is answered, as Kamailio's module has it, with its 0. */
const PAYLOAD_BYTES_MAX = 249;

/** What a pdb server counts, in the order of the packet module's counters. */
export const PDB_COUNTERS = [
  'answeredFound',
  'answeredNotFound',
  'answeredNotANumber',
  'droppedEmpty',
  'droppedType',
  'droppedLength',
  'droppedPayload',
] as const;
export type PdbCounters = Record<(typeof PDB_COUNTERS)[number], number>;

export function createPdbCounters(): PdbCounters {
  return Object.fromEntries(PDB_COUNTERS.map((name) => [name, 0])) as PdbCounters;
}

/**
 * Answers one datagram: writes into `response` and returns its length, 0 for none. The response is at
 * most 3 bytes longer than the message, but for a header of 6 bytes.
 *
 * @param carrierOf the carrier id of a number, 0 for none
 */
export function answerPdb(
  message: Uint8Array,
  response: Uint8Array,
  carrierOf: (key: NumberKey) => number,
  counters: PdbCounters,
): number {
  const bytes = message.length;
  if (bytes === 0) return drop(counters, 'droppedEmpty');
  const isVersion1 = message[0] === VERSION_1;
  const header = isVersion1 ? HEADER_BYTES : 0;
  if (isVersion1) {
    if (bytes < HEADER_BYTES + 1 || message[3] !== bytes) return drop(counters, 'droppedLength');
    if (message[1] !== 0) return drop(counters, 'droppedType');
  }
  const isTerminated = message[bytes - 1] === 0;
  if (isVersion1 && !isTerminated) return drop(counters, 'droppedPayload');
  const characters = bytes - header - (isTerminated ? 1 : 0);
  const digits = digitsFrom(message, header, characters);
  if (characters >= PAYLOAD_BYTES_MAX) return drop(counters, 'droppedPayload');
  if (digits < characters || digits === 0) {
    const isText = isVersion1 && (digits === characters || message[header + digits] !== 0);
    if (!isText) return drop(counters, 'droppedPayload');
    return writeCode(message, response, CODE_NOT_A_NUMBER, counters);
  }
  const carrier = digits > DIGITS_MAX ? 0 : carrierOf(keyFrom(message, header, digits));
  if (isVersion1 && carrier === 0) return writeCode(message, response, CODE_NOT_FOUND, counters);
  const length = header + digits + 3;
  response.set(message.subarray(0, header + digits));
  if (isVersion1) writeHeader(response, CODE_FOUND, length);
  response[header + digits] = 0;
  response[header + digits + 1] = carrier >> 8;
  response[header + digits + 2] = carrier;
  counters[carrier === 0 ? 'answeredNotFound' : 'answeredFound']++;
  return length;
}

function drop(counters: PdbCounters, reason: keyof PdbCounters): number {
  counters[reason]++;
  return 0;
}

/** How many of the characters are digits before the first that is none. */
function digitsFrom(message: Uint8Array, from: number, characters: number): number {
  let digits = 0;
  while (digits < characters && isDigit(message[from + digits]!)) digits++;
  return digits;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function keyFrom(message: Uint8Array, from: number, digits: number): NumberKey {
  let key = 1;
  for (let at = from; at < from + digits; at++) key = key * 10 + (message[at]! - 48);
  return key;
}

function writeCode(
  message: Uint8Array,
  response: Uint8Array,
  code: number,
  counters: PdbCounters,
): number {
  response.set(message.subarray(0, HEADER_BYTES));
  writeHeader(response, code, HEADER_BYTES);
  counters[code === CODE_NOT_FOUND ? 'answeredNotFound' : 'answeredNotANumber']++;
  return HEADER_BYTES;
}

/** The id is the request's, and already there. */
function writeHeader(response: Uint8Array, code: number, length: number): void {
  response[0] = VERSION_1;
  response[1] = TYPE_ANSWER;
  response[2] = code;
  response[3] = length;
}
