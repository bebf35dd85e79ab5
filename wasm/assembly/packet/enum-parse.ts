// Reads ENUM queries: what nearly all of them are, a NAPTR query for a number of a zone. The host gets
// everything else: other types, the apex, names that are no numbers, malformed messages.
//
// What a query may look like is said in resolver/enum/dns-codec.ts and enum-answer.ts, which answer all
// of them; one test gives both the same packets. A name is walked once for its end; then the suffix of
// a zone is compared from that end backwards, and before it must be labels of one digit each:
//
//     12                                 suffix                     name end
//     ┌───┬───┬───┬───┬───┬───┬─── ··· ──┬───┬─────────┬───┬─────────┬───┐
//     │ 1 │ d │ 1 │ d │ 1 │ d │          │ 4 │ e 1 6 4 │ 4 │ a r p a │ 0 │ type class
//     └───┴───┴───┴───┴───┴───┴─── ··· ──┴───┴─────────┴───┴─────────┴───┘

import {
  admit,
  beginRound,
  drop,
  keyAt,
  keyCountOf,
  leaveToHost,
  requestOf,
  serve,
  stateOf,
} from './block';
import { enumBlock, isClientWithin, takeClient } from './enum-block';
import {
  COLUMN_BYTES,
  COLUMN_COOKIE_AT,
  COLUMN_COOKIE_BYTES,
  COLUMN_DO,
  COLUMN_EDNS,
  COLUMN_QUESTION_END,
  COLUMN_UDP_BYTES,
  COLUMN_ZONE,
  ENUM_COLUMNS,
  ENUM_PREFIX_BYTES,
  ENUM_PREFIXES_MAX,
  ENUM_SECRET_COUNT,
  ENUM_ZONE_COUNT,
  ENUM_ZONE_PREFIXES,
  ENUM_ZONES,
  ZONE_BYTES,
  ZONE_CLIENTS,
  ZONE_FOR_EVERYONE,
  ZONE_NUMBER_PREFIX,
  ZONE_PREFIX_DIGITS,
  ZONE_SUFFIX,
  ZONE_SUFFIX_BYTES,
} from './enum-layout';
import { PROTOCOL_ENUM, SERVED, STATE_EXTRA } from './layout';

export const MSISDN: u32 = 1;
export const HEADER: u32 = 12;
const DIGITS_MAX: u32 = 15;
const LABEL_BYTES_MAX: u32 = 63;
const NAME_BYTES_MAX: u32 = 255;
export const OPT_BYTES: u32 = 11;
const OPTION_COOKIE: u32 = 10;

// Header words as they are loaded, little-endian.
/** QR and opcode, which must be 0: the high bits of the third byte. */
const FLAGS_MASK: u32 = 0x00f8;
/** One question and no answers; no authority. */
const QUESTION_ALONE: u32 = 0x0000_0100;
/** NAPTR, IN. */
const NAPTR_IN: u32 = 0x0100_2300;
/** Root, OPT: three bytes. */
const OPT_HEAD: u32 = 0x0029_0000;

/** Reads packets as parseBatch does; each has at most one key, so all fit. */
export function parseEnum(from: u32, end: u32): u32 {
  beginRound();
  for (let packet = from; packet < end; packet++) {
    const bytes = admit(PROTOCOL_ENUM, packet);
    if (bytes < 0) drop(packet);
    else if (!parsePacket(packet, <u32>bytes)) leaveToHost(packet);
  }
  return end;
}

/** Whether the packet is answered here: its key and its column are written then. */
function parsePacket(packet: u32, bytes: u32): bool {
  const request = requestOf(packet);
  if (bytes < HEADER + 5) return false;
  if ((<u32>load<u16>(request, 2) & FLAGS_MASK) != 0) return false;
  if (load<u32>(request, 4) != QUESTION_ALONE || load<u16>(request, 8) != 0) return false;
  const additional = bswap<u16>(load<u16>(request, 10));
  if (additional > 1) return false;
  const end = request + bytes;
  const nameEnd = endOfName(request + HEADER, end);
  if (nameEnd == 0 || nameEnd + 4 > end || load<u32>(nameEnd) != NAPTR_IN) return false;
  const column = enumBlock + ENUM_COLUMNS + packet * COLUMN_BYTES;
  store<u64>(column, 0);
  store<u64>(column, 0, 8);
  if (additional == 0) {
    if (nameEnd + 4 != end) return false;
  } else if (!parseOpt(column, request, nameEnd + 4, end)) {
    return false;
  }
  const zone = zoneOf(request + HEADER, nameEnd);
  if (zone < 0) return false;
  takeClient(packet);
  if (!isFor(<u32>zone)) return false;
  store<u8>(column, zone, COLUMN_ZONE);
  store<u16>(column, nameEnd + 4 - request, COLUMN_QUESTION_END);
  store<f64>(keyAt(MSISDN, keyCountOf(MSISDN)), foundKey);
  serve(packet, SERVED, MSISDN, 1);
  store<u32>(stateOf(packet), column, STATE_EXTRA);
  return true;
}

/** Where a name without compression ends, its root included; 0 for another. */
function endOfName(name: u32, end: u32): u32 {
  let at = name;
  while (at < end) {
    const length = <u32>load<u8>(at);
    if (length > LABEL_BYTES_MAX) return 0;
    at += 1 + length;
    if (at - name > NAME_BYTES_MAX) return 0;
    if (length == 0) return at;
  }
  return 0;
}

/** Reads the OPT record that must be the rest of the message; false where it is for the host. */
function parseOpt(column: u32, request: u32, opt: u32, end: u32): bool {
  if (opt + OPT_BYTES > end || (load<u32>(opt) & 0xff_ffff) != OPT_HEAD) return false;
  // Version 0; what options another one has is not known.
  if (load<u8>(opt, 6) != 0) return false;
  if (opt + OPT_BYTES + bswap<u16>(load<u16>(opt, 9)) != end) return false;
  store<u16>(column, 1, COLUMN_EDNS);
  store<u16>(column, bswap<u16>(load<u16>(opt, 3)), COLUMN_UDP_BYTES);
  store<u8>(column, load<u8>(opt, 7) >> 7, COLUMN_DO);
  let cookieAt: u32 = 0;
  let at = opt + OPT_BYTES;
  while (at < end) {
    if (at + 4 > end) return false;
    const bytes = <u32>bswap<u16>(load<u16>(at, 2));
    if (<u32>bswap<u16>(load<u16>(at)) == OPTION_COOKIE && cookieAt == 0) {
      const isCookie = bytes == 8 || (bytes >= 16 && bytes <= 40);
      if (!isCookie) return false;
      cookieAt = at + 4;
      if (load<u32>(enumBlock, ENUM_SECRET_COUNT) != 0) {
        store<u16>(column, cookieAt - request, COLUMN_COOKIE_AT);
        store<u16>(column, bytes, COLUMN_COOKIE_BYTES);
      }
    }
    at += 4 + bytes;
  }
  return at == end;
}

/** The key of the number that {@link zoneOf} found. */
let foundKey: f64 = 0;

/** The zone that a name is a number of; −1 where there is none. */
function zoneOf(name: u32, nameEnd: u32): i32 {
  const count = load<u32>(enumBlock, ENUM_ZONE_COUNT);
  let zone = enumBlock + ENUM_ZONES;
  for (let number: u32 = 0; number < count; number++, zone += ZONE_BYTES) {
    const suffixBytes = <u32>load<u16>(zone, ZONE_SUFFIX_BYTES);
    const labelBytes = nameEnd - name - suffixBytes;
    // Also where the name is shorter than the suffix: the difference wraps round.
    if (labelBytes - 2 > 2 * (DIGITS_MAX - 1)) continue;
    if (!endsWith(name + labelBytes, zone + ZONE_SUFFIX, suffixBytes)) continue;
    // The first zone whose suffix fits has the name, even where the labels before it are no digits.
    return readDigits(name, labelBytes, zone) ? <i32>number : -1;
  }
  return -1;
}

/** Length bytes, at most 63, never look like an upper-case letter, so all bytes fold alike. */
function endsWith(at: u32, suffix: u32, bytes: u32): bool {
  for (let index: u32 = 0; index < bytes; index++) {
    const byte = <u32>load<u8>(at + index);
    const folded = byte - 65 < 26 ? byte + 32 : byte;
    if (folded != <u32>load<u8>(suffix + index)) return false;
  }
  return true;
}

/** Reads labels of one digit each, the last digit first; false where they are none. */
function readDigits(name: u32, labelBytes: u32, zone: u32): bool {
  if ((labelBytes & 1) != 0) return false;
  if ((labelBytes >> 1) + load<u32>(zone, ZONE_PREFIX_DIGITS) > DIGITS_MAX) return false;
  let value: u64 = 0;
  let power: u64 = 1;
  for (let at = name; at < name + labelBytes; at += 2) {
    const digit = <u32>load<u8>(at, 1) - 48;
    if (load<u8>(at) != 1 || digit > 9) return false;
    value += power * digit;
    power *= 10;
  }
  foundKey = <f64>power * load<f64>(zone, ZONE_NUMBER_PREFIX) + <f64>value;
  return true;
}

function isFor(zone: u32): bool {
  const clients = <u32>load<u16>(enumBlock + ENUM_ZONES + zone * ZONE_BYTES, ZONE_CLIENTS);
  if (clients == ZONE_FOR_EVERYONE) return true;
  const prefixes = ENUM_ZONE_PREFIXES + zone * ENUM_PREFIXES_MAX * ENUM_PREFIX_BYTES;
  return isClientWithin(enumBlock + prefixes, clients);
}
