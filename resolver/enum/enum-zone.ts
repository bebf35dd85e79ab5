// A zone of ENUM names: its settings, checked and brought into wire form once.

import { KEY_MAX } from '../../ledger/number.ts';
import { encodeName, NAME_BYTES_MAX, type SoaData } from './dns-codec.ts';
import { encodeEnumName } from './enum-name-codec.ts';

/** Highest TTL and SOA interval (RFC 2181 section 8). */
const SECONDS_MAX = 2 ** 31 - 1;
/** Most name servers of a zone. */
export const NAME_SERVERS_MAX = 16;

/** Names are in text form, without escapes; a final dot may be left out. */
export interface EnumZoneSettings {
  /** What follows the digits: `e164.arpa`, `e164enum.net`, `i.1.e164.arpa`. */
  suffix: string;
  /** Time to live of NAPTR, NS and HINFO answers. */
  answerTtlSeconds: number;
  /** Names of the zone's servers, 1 to {@link NAME_SERVERS_MAX}. */
  nameServers: readonly string[];
  soa: EnumSoaSettings;
}

/** The SOA record of the apex. A negative answer is kept for the smaller of MINIMUM and its TTL. */
export interface EnumSoaSettings extends SoaData {
  ttlSeconds: number;
}

/** A zone ready to answer. */
export interface EnumZone {
  /** Wire form, lower case. */
  suffix: Uint8Array;
  answerTtlSeconds: number;
  /** RDATA of each NS record. */
  nameServers: Uint8Array[];
  /** RDATA of the SOA record. */
  soa: Uint8Array;
  soaTtlSeconds: number;
  /** TTL of the SOA in a negative answer: min(SOA TTL, MINIMUM), RFC 2308 section 3. */
  negativeTtlSeconds: number;
}

/**
 * Prepares a zone. Throws a `RangeError` that names the setting where a name, a number or the count
 * of name servers is out of range.
 */
export function createEnumZone(settings: EnumZoneSettings): EnumZone {
  const { soa, nameServers } = settings;
  const suffix = nameOf(settings.suffix.toLowerCase(), 'suffix');
  const longest = encodeEnumName(KEY_MAX, suffix);
  if (longest.length > NAME_BYTES_MAX)
    throw new RangeError('ENUM suffix leaves no room for 15 digits');
  if (nameServers.length < 1 || nameServers.length > NAME_SERVERS_MAX) {
    throw new RangeError(`ENUM nameServers must be 1 to ${NAME_SERVERS_MAX}`);
  }
  const intervals = [
    checked(soa.serial, 'soa.serial', 2 ** 32 - 1),
    checked(soa.refreshSeconds, 'soa.refreshSeconds', SECONDS_MAX),
    checked(soa.retrySeconds, 'soa.retrySeconds', SECONDS_MAX),
    checked(soa.expireSeconds, 'soa.expireSeconds', SECONDS_MAX),
    checked(soa.minimumSeconds, 'soa.minimumSeconds', SECONDS_MAX),
  ];
  const numbers = new Uint8Array(4 * intervals.length);
  const view = new DataView(numbers.buffer);
  intervals.forEach((value, index) => {
    view.setUint32(4 * index, value);
  });
  const soaTtlSeconds = checked(soa.ttlSeconds, 'soa.ttlSeconds', SECONDS_MAX);
  return {
    suffix,
    answerTtlSeconds: checked(settings.answerTtlSeconds, 'answerTtlSeconds', SECONDS_MAX),
    nameServers: nameServers.map((name) => nameOf(name, 'nameServers')),
    soa: Uint8Array.from([
      ...nameOf(soa.primaryServer, 'soa.primaryServer'),
      ...nameOf(soa.mailbox, 'soa.mailbox'),
      ...numbers,
    ]),
    soaTtlSeconds,
    negativeTtlSeconds: Math.min(soaTtlSeconds, soa.minimumSeconds),
  };
}

function nameOf(text: string, setting: string): Uint8Array {
  const wire = encodeName(text);
  if (wire === undefined) throw new RangeError(`ENUM ${setting} is not a domain name: ${text}`);
  return wire;
}

function checked(value: number, setting: string, max: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new RangeError(`ENUM ${setting} must be an integer from 0 to ${max}`);
}
