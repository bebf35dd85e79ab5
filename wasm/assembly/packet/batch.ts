// The UDP batch protocol: lookups are read and answered here, everything else by the host.
//
// docs/udp-batch-protocol.md specifies the bytes; batch-request-codec.ts and batch-response-codec.ts
// do the same in TypeScript, and one test gives both the same packets.

import {
  admit,
  answerAt,
  beginRound,
  block,
  count,
  drop,
  keyAt,
  keyCountOf,
  leaveToHost,
  requestOf,
  responseOf,
  serve,
  setResponseBytes,
  stateOf,
} from './block';
import {
  COUNT_OWN,
  KEYS_MAX,
  POWERS,
  PROTOCOL_BATCH,
  SERVED,
  STATE_COUNT,
  STATE_EXTRA,
  STATE_FIRST,
  STATE_VERDICT,
  WORD_FRESHNESS,
} from './layout';

const REQUEST_HEADER_BYTES: u32 = 16;
const RESPONSE_HEADER_BYTES: u32 = 32;
const NUMBER_BYTES: u32 = 8;
const NUMBERS_MAX: u32 = 128;
/** "Bq", version 1, operation 1; "Ba" likewise. */
const LOOKUP_REQUEST: u32 = 0x0101_7142;
const LOOKUP_RESPONSE: u32 = 0x0101_6142;
const REQUEST_MAGIC: u32 = 0x7142;
const VERSION_MAX: u32 = 127;
const VALUE_MASK: u64 = (1 << 60) - 1;
/** In the column of keys, for a number that is none; the index finds nothing for it. */
const MALFORMED: f64 = 0;

const COUNT_LOOKUPS: u32 = COUNT_OWN;
const COUNT_NUMBERS: u32 = COUNT_OWN + 1;
const COUNT_MALFORMED: u32 = COUNT_OWN + 2;
/** Drops by reason, in the order of DROP_REASONS. */
const COUNT_DROPS: u32 = COUNT_OWN + 3;
const TOO_SHORT: u32 = COUNT_DROPS;
const MAGIC: u32 = COUNT_DROPS + 2;
const IDENTITY: u32 = COUNT_DROPS + 3;
const COUNT: u32 = COUNT_DROPS + 4;
const SIZE: u32 = COUNT_DROPS + 5;
const RESERVED: u32 = COUNT_DROPS + 6;

/**
 * Reads packets from `from` on up to but not `end`; returns the first that is left for another round,
 * because the column of its keys is full.
 *
 * @param lookups whether lookups are answered here; if not, the host gets them too
 */
export function parseBatch(from: u32, end: u32, lookups: bool): u32 {
  beginRound();
  for (let packet = from; packet < end; packet++) {
    if (max(keyCountOf(0), keyCountOf(1)) + NUMBERS_MAX > KEYS_MAX) return packet;
    const bytes = admit(PROTOCOL_BATCH, packet);
    if (bytes < 0) drop(packet);
    else parsePacket(packet, <u32>bytes, lookups);
  }
  return end;
}

function refuse(packet: u32, reason: u32): void {
  count(PROTOCOL_BATCH, reason);
  drop(packet);
}

function parsePacket(packet: u32, bytes: u32, lookups: bool): void {
  const request = requestOf(packet);
  if (bytes < REQUEST_HEADER_BYTES) return refuse(packet, TOO_SHORT);
  if (load<u32>(request) != LOOKUP_REQUEST || !lookups) {
    const isRequest = load<u16>(request) == REQUEST_MAGIC && load<u8>(request, 2) <= VERSION_MAX;
    return isRequest ? leaveToHost(packet) : refuse(packet, MAGIC);
  }
  const identity = <u32>load<u8>(request, 8) - 1;
  if (identity > 1) return refuse(packet, IDENTITY);
  const numbers = <u32>load<u8>(request, 9);
  if (numbers - 1 >= NUMBERS_MAX) return refuse(packet, COUNT);
  if (bytes != REQUEST_HEADER_BYTES + NUMBER_BYTES * numbers) return refuse(packet, SIZE);
  if ((<u32>load<u16>(request, 10) | load<u32>(request, 12)) != 0) return refuse(packet, RESERVED);
  const malformed = parseNumbers(request + REQUEST_HEADER_BYTES, identity, numbers);
  serve(packet, SERVED, identity, numbers);
  store<u32>(stateOf(packet), identity, STATE_EXTRA);
  count(PROTOCOL_BATCH, COUNT_LOOKUPS);
  count(PROTOCOL_BATCH, COUNT_NUMBERS, numbers);
  count(PROTOCOL_BATCH, COUNT_MALFORMED, malformed);
}

/** Writes the keys of a packet's numbers; returns how many are malformed. */
function parseNumbers(from: u32, identity: u32, numbers: u32): u32 {
  let malformed: u32 = 0;
  let key = keyAt(identity, keyCountOf(identity));
  for (const end = from + numbers * NUMBER_BYTES; from < end; from += NUMBER_BYTES, key += 8) {
    const number = load<u64>(from);
    const value = number & VALUE_MASK;
    // 10^0 stands for no digits.
    const power = load<u64>(POWERS + ((<u32>(number >> 60)) << 3));
    const isMalformed = power == 1 || value >= power;
    store<f64>(key, isMalformed ? MALFORMED : <f64>(power + value));
    malformed += u32(isMalformed);
  }
  return malformed;
}

/** Writes the responses to the packets of a round whose keys have their answers now. */
export function writeBatch(from: u32, end: u32): void {
  for (let packet = from; packet < end; packet++) {
    const state = stateOf(packet);
    if (load<u32>(state, STATE_VERDICT) != SERVED) continue;
    const identity = load<u32>(state, STATE_EXTRA);
    const numbers = load<u32>(state, STATE_COUNT);
    const first = load<u32>(state, STATE_FIRST);
    const response = responseOf(packet);
    const freshness = block + WORD_FRESHNESS + (identity << 4);
    store<u32>(response, LOOKUP_RESPONSE);
    store<u32>(response, load<u32>(requestOf(packet), 4), 4);
    store<u32>(response, numbers << 8, 8);
    store<u32>(response, load<u32>(freshness, 8), 12);
    store<u64>(response, load<u64>(freshness), 16);
    store<u64>(response, load<u32>(freshness, 12), 24);
    writeAnswers(response + RESPONSE_HEADER_BYTES, identity, first, numbers);
    setResponseBytes(packet, RESPONSE_HEADER_BYTES + numbers * NUMBER_BYTES);
  }
}

function writeAnswers(to: u32, identity: u32, first: u32, numbers: u32): void {
  let key = keyAt(identity, first);
  let place = answerAt(identity, first);
  for (
    const end = to + numbers * NUMBER_BYTES;
    to < end;
    to += NUMBER_BYTES, place += 4, key += 8
  ) {
    const answer = <u64>load<u32>(place);
    const isMalformed = u64(load<f64>(key) == MALFORMED);
    const kind = answer >> 30;
    const length = (answer >> 26) & 15;
    store<u64>(to, isMalformed | (kind << 8) | (length << 16) | ((answer & 0xf_ffff) << 32));
  }
}
