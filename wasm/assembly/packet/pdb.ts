// The protocol of Kamailio's `pdb` module: one number in a datagram, a carrier id in the answer.
//
//     version 1   0         1      2      3        4        6
//                ┌─────────┬──────┬──────┬────────┬────────┬──────────────┬───┬──────────────┐
//                │ version │ type │ code │ length │ id     │ digits       │ 0 │ carrier u16  │
//                └─────────┴──────┴──────┴────────┴────────┴──────────────┴───┴──────────────┘
//                 1         0 ask         whole    comes                       in an answer
//                           1 answer      message  back                        of code 1
//
//     version 0  ┌──────────────┬───┐           ┌──────────────┬───┬──────────────┐
//                │ digits       │ 0 │  answer:  │ digits       │ 0 │ carrier u16  │
//                └──────────────┴───┘           └──────────────┴───┴──────────────┘
//                 the 0 may be left out                             0: not found
//
// Integers are big-endian. Codes of version 1: 0 in a request, 1 found, 2 not a number, 3 not found;
// an answer of code 2 or 3 is the header alone. Kamailio's own server reads on behind what is no digit;
// here such a request of version 0 is dropped, so that no answer is ever taken for a question and two
// servers cannot be made to answer each other.
//
// Source: Kamailio, utils/pdbt/docs/network_protocol.txt, utils/pdbt/pdb_server.c and
// src/modules/pdb/pdb.c.

import {
  admit,
  answerAt,
  beginRound,
  block,
  count,
  drop,
  keyAt,
  keyCountOf,
  requestOf,
  responseOf,
  serve,
  setResponseBytes,
  stateOf,
} from './block';
import {
  CARRIERS,
  CARRIERS_BYTES,
  COUNT_OWN,
  KEYS_MAX,
  PROTOCOL_PDB,
  SERVED,
  SETTLED,
  STATE_EXTRA,
  STATE_FIRST,
  STATE_VERDICT,
  WORD_CARRIER_TABLE,
} from './layout';

const MSISDN: u32 = 1;
const VERSION_1: u32 = 1;
const HEADER_BYTES: u32 = 6;
/** Version 1, type of an answer; the code goes into the third byte. */
const ANSWER: u32 = 0x0101;
const CODE_FOUND: u32 = 1;
const CODE_NOT_A_NUMBER: u32 = 2;
const CODE_NOT_FOUND: u32 = 3;
const DIGITS_MAX: u32 = 15;
/** Longest number that is answered, as Kamailio's module has it, with its 0. */
const PAYLOAD_BYTES_MAX: u32 = 249;
const ROUTE_MASK: u32 = 0xf_ffff;

const COUNT_FOUND: u32 = COUNT_OWN;
const COUNT_NOT_FOUND: u32 = COUNT_OWN + 1;
const COUNT_NOT_A_NUMBER: u32 = COUNT_OWN + 2;
/** Drops by reason. */
const EMPTY: u32 = COUNT_OWN + 3;
const TYPE: u32 = COUNT_OWN + 4;
const LENGTH: u32 = COUNT_OWN + 5;
const PAYLOAD: u32 = COUNT_OWN + 6;

/** Reads packets as parseBatch does. */
export function parsePdb(from: u32, end: u32): u32 {
  beginRound();
  for (let packet = from; packet < end; packet++) {
    if (keyCountOf(MSISDN) == KEYS_MAX) return packet;
    const bytes = admit(PROTOCOL_PDB, packet);
    if (bytes < 0) drop(packet);
    else parsePacket(packet, <u32>bytes);
  }
  return end;
}

function refuse(packet: u32, reason: u32): void {
  count(PROTOCOL_PDB, reason);
  drop(packet);
}

function parsePacket(packet: u32, bytes: u32): void {
  const request = requestOf(packet);
  if (bytes == 0) return refuse(packet, EMPTY);
  if (load<u8>(request) == VERSION_1) return parseVersion1(packet, request, bytes);
  // The 0 may be left out.
  const digits = bytes - u32(load<u8>(request + bytes - 1) == 0);
  if (digits == 0 || digits >= PAYLOAD_BYTES_MAX || digitsFrom(request, digits) != digits) {
    return refuse(packet, PAYLOAD);
  }
  ask(packet, request, digits, digits);
}

function parseVersion1(packet: u32, request: u32, bytes: u32): void {
  if (bytes < HEADER_BYTES + 1 || <u32>load<u8>(request, 3) != bytes) {
    return refuse(packet, LENGTH);
  }
  if (load<u8>(request, 1) != 0) return refuse(packet, TYPE);
  const payload = request + HEADER_BYTES;
  const characters = bytes - HEADER_BYTES - 1;
  if (characters >= PAYLOAD_BYTES_MAX || load<u8>(payload + characters) != 0) {
    return refuse(packet, PAYLOAD);
  }
  const digits = digitsFrom(payload, characters);
  if (digits != characters && load<u8>(payload + digits) == 0) return refuse(packet, PAYLOAD);
  if (digits != characters || digits == 0) return settle(packet, CODE_NOT_A_NUMBER);
  ask(packet, payload, digits, digits | IS_VERSION_1);
}

/** In the extra word of a state: the number of digits, and this for version 1. */
const IS_VERSION_1: u32 = 0x1_0000;

/** How many of the characters are digits before the first that is none. */
function digitsFrom(at: u32, characters: u32): u32 {
  let digits: u32 = 0;
  while (digits < characters && <u32>load<u8>(at + digits) - 48 <= 9) digits++;
  return digits;
}

/** Adds a number's key to the column; one that is too long for a key is not found. */
function ask(packet: u32, at: u32, digits: u32, extra: u32): void {
  let key: u64 = 0;
  if (digits <= DIGITS_MAX) {
    key = 1;
    for (let place: u32 = 0; place < digits; place++) {
      key = key * 10 + (<u64>load<u8>(at + place) - 48);
    }
  }
  store<f64>(keyAt(MSISDN, keyCountOf(MSISDN)), <f64>key);
  serve(packet, SERVED, MSISDN, 1);
  store<u32>(stateOf(packet), extra, STATE_EXTRA);
}

/** Answers a packet of version 1 with a header alone. */
function settle(packet: u32, code: u32): void {
  const response = responseOf(packet);
  store<u32>(response, ANSWER | (code << 16) | (HEADER_BYTES << 24));
  store<u16>(response, load<u16>(requestOf(packet), 4), 4);
  setResponseBytes(packet, HEADER_BYTES);
  store<u32>(stateOf(packet), SETTLED, STATE_VERDICT);
  count(PROTOCOL_PDB, code == CODE_NOT_FOUND ? COUNT_NOT_FOUND : COUNT_NOT_A_NUMBER);
}

/** Writes the responses to the packets of a round whose keys have their answers now. */
export function writePdb(from: u32, end: u32): void {
  const carriers = CARRIERS + load<u32>(block + WORD_CARRIER_TABLE) * CARRIERS_BYTES;
  for (let packet = from; packet < end; packet++) {
    const state = stateOf(packet);
    if (load<u32>(state, STATE_VERDICT) != SERVED) continue;
    const answer = load<u32>(answerAt(MSISDN, load<u32>(state, STATE_FIRST)));
    const carrier =
      answer == 0 ? 0 : <u32>atomic.load<u16>(carriers + ((answer & ROUTE_MASK) << 1));
    const extra = load<u32>(state, STATE_EXTRA);
    if ((extra & IS_VERSION_1) == 0) writeNumber(packet, 0, extra, carrier);
    else if (carrier == 0) settle(packet, CODE_NOT_FOUND);
    else writeVersion1(packet, extra & ~IS_VERSION_1, carrier);
  }
}

function writeVersion1(packet: u32, digits: u32, carrier: u32): void {
  const response = responseOf(packet);
  const bytes = HEADER_BYTES + digits + 3;
  store<u32>(response, ANSWER | (CODE_FOUND << 16) | (bytes << 24));
  store<u16>(response, load<u16>(requestOf(packet), 4), 4);
  writeNumber(packet, HEADER_BYTES, digits, carrier);
}

/** Repeats the number behind `header` bytes and appends its carrier. */
function writeNumber(packet: u32, header: u32, digits: u32, carrier: u32): void {
  const to = responseOf(packet) + header;
  memory.copy(to, requestOf(packet) + header, digits);
  store<u8>(to + digits, 0);
  store<u16>(to + digits, bswap<u16>(<u16>carrier), 1);
  setResponseBytes(packet, header + digits + 3);
  count(PROTOCOL_PDB, carrier == 0 ? COUNT_NOT_FOUND : COUNT_FOUND);
}
