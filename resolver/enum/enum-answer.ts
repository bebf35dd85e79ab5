// The rules of an ENUM zone: which query gets which response.
//
// There is no zone data. Each answer is made from the index, so an exact number never hides the range
// around it, as an explicit name hides a wildcard in a zone file (RFC 4592). Sources: RFC 6116 (ENUM),
// RFC 1034 section 4.3.2 (answering), RFC 2308 (negative answers), RFC 8020 (NXDOMAIN means nothing
// below), RFC 8482 (ANY). Sockets are elsewhere: enum-tcp, and the resolver's UDP transport.
//
//     name                              NAPTR      SOA, NS    ANY      other type
//     the suffix                        no data    records    HINFO    no data
//     found number                      records    no data    HINFO    no data
//     digits above entries, not found   no data    no data    no data  no data
//     everything else below the suffix  NXDOMAIN
//     not below the suffix              REFUSED

import { digitsOf } from '../../ledger/number.ts';
import type { Route } from '../../ledger/route.ts';
import {
  CLASS_IN,
  HEADER_BYTES,
  MESSAGE_BYTES_MAX,
  parseQuery,
  RCODE,
  type Rcode,
  RECORD_TYPE,
  UDP_BYTES_WITHOUT_EDNS,
} from './dns-codec.ts';
import { ResponseWriter, udpLimitBytes } from './dns-response-codec.ts';
import type { EnumCounter, EnumCounters } from './enum-counters.ts';
import { APEX, NOT_A_NUMBER, OFF_ZONE, readEnumName } from './enum-name-codec.ts';
import { NAPTR_FLAGS, naptrsOf } from './enum-naptr-codec.ts';
import type { EnumZone } from './enum-zone.ts';

/** What the zone asks of the index of MSISDNs. Both take a number key. */
export interface EnumLookup {
  /** The winning entry and its route, or `undefined`. */
  find(key: number): EnumMatch | undefined;
  /** Whether a prefix or number that is longer than the given digits begins with them. */
  hasBelow(key: number): boolean;
}

export interface EnumMatch {
  entry: 'prefix' | 'fragmented' | 'ported';
  route: Pick<Route, 'plmn'>;
}

export type EnumTransport = 'udp' | 'tcp';

/** What answering needs besides the message. `counters` is counted up. */
export interface EnumService {
  transport: EnumTransport;
  zone: EnumZone;
  lookup: EnumLookup;
  counters: EnumCounters;
}

/** Takes a message, writes the response, returns its length: 0 is no answer. */
export type EnumHandler = (message: Uint8Array, response: Uint8Array) => number;

/** A handler for a transport: {@link answerQuery} with the rest fixed. */
export function createEnumHandler(service: EnumService): EnumHandler {
  return (message, response) => answerQuery(message, response, service);
}

const ANSWERED_BY_RCODE: Record<Rcode, EnumCounter> = {
  [RCODE.NOERROR]: 'answeredNoData',
  [RCODE.FORMERR]: 'answeredFormerr',
  [RCODE.NXDOMAIN]: 'answeredNxdomain',
  [RCODE.NOTIMP]: 'answeredNotimp',
  [RCODE.REFUSED]: 'answeredRefused',
  [RCODE.BADVERS]: 'answeredBadvers',
};

/**
 * Answers one DNS message. Writes the response to the start of `response` and returns its length; 0
 * means that nothing may be sent. No message throws.
 *
 * `response` must not overlap `query` and must have at least 512 bytes, or a `RangeError` is thrown;
 * with 1232 bytes (UDP) or 65,535 (TCP) nothing is truncated for want of room in it.
 */
export function answerQuery(
  query: Uint8Array,
  response: Uint8Array,
  { transport, zone, lookup, counters }: EnumService,
): number {
  if (response.length < UDP_BYTES_WITHOUT_EDNS) {
    throw new RangeError(`response must have at least ${UDP_BYTES_WITHOUT_EDNS} bytes`);
  }
  counters[transport === 'udp' ? 'udpReceived' : 'tcpReceived']++;
  const parsed = parseQuery(query);
  if (parsed.verdict === 'drop') {
    counters[parsed.reason === 'short' ? 'droppedShort' : 'droppedResponse']++;
    return 0;
  }
  const limitBytes = transport === 'udp' ? udpLimitBytes(parsed.edns) : MESSAGE_BYTES_MAX;
  const writer = new ResponseWriter(query, parsed, response, Math.min(limitBytes, response.length));
  if (parsed.verdict === 'reject') {
    counters[ANSWERED_BY_RCODE[parsed.rcode]]++;
    return writer.finish(parsed.rcode, false);
  }

  const nameEnd = parsed.questionEnd - 4;
  const key =
    parsed.class === CLASS_IN
      ? readEnumName(query, HEADER_BYTES, nameEnd, zone.suffix)
      : // No zone of another class is served here: REFUSED is for policy (RFC 1035 section 4.1.1).
        OFF_ZONE;
  const isTransfer = parsed.type === RECORD_TYPE.AXFR || parsed.type === RECORD_TYPE.IXFR;
  // Transfers are refused by policy, RFC 5936 section 2.2.1: the zone is all numbers of the world.
  if (key === OFF_ZONE || isTransfer) {
    counters.answeredRefused++;
    return writer.finish(RCODE.REFUSED, false);
  }

  const match = key > APEX ? lookup.find(key) : undefined;
  const hasRecords =
    key === APEX
      ? writeApexRecords(writer, parsed.type, zone)
      : match !== undefined && writeNumberRecords(writer, parsed.type, zone, key, match);
  let rcode: Rcode = RCODE.NOERROR;
  if (!hasRecords) {
    const exists = key === APEX || match !== undefined;
    if (!exists && (key === NOT_A_NUMBER || !lookup.hasBelow(key))) rcode = RCODE.NXDOMAIN;
    const suffixAt = nameEnd - zone.suffix.length;
    writer.beginRecord('authority', suffixAt, RECORD_TYPE.SOA, zone.negativeTtlSeconds);
    writer.bytes(zone.soa);
    writer.endRecord();
  }
  counters[hasRecords ? 'answeredRecords' : ANSWERED_BY_RCODE[rcode]]++;
  if (writer.truncated) counters.truncated++;
  return writer.finish(rcode, true);
}

/** Writes the records that the apex has of a type; whether there are any. */
function writeApexRecords(writer: ResponseWriter, type: number, zone: EnumZone): boolean {
  switch (type) {
    case RECORD_TYPE.SOA:
      writer.beginRecord('answer', HEADER_BYTES, type, zone.soaTtlSeconds);
      writer.bytes(zone.soa);
      writer.endRecord();
      return true;
    case RECORD_TYPE.NS:
      for (const name of zone.nameServers) {
        writer.beginRecord('answer', HEADER_BYTES, type, zone.answerTtlSeconds);
        writer.bytes(name);
        writer.endRecord();
      }
      return true;
    case RECORD_TYPE.ANY:
      writeHinfo(writer, zone);
      return true;
    default:
      return false;
  }
}

/** Writes the records that a found number has of a type; whether there are any. */
function writeNumberRecords(
  writer: ResponseWriter,
  type: number,
  zone: EnumZone,
  key: number,
  match: EnumMatch,
): boolean {
  switch (type) {
    case RECORD_TYPE.NAPTR:
      for (const naptr of naptrsOf(digitsOf(key), match.route.plmn, match.entry === 'ported')) {
        writer.beginRecord('answer', HEADER_BYTES, type, zone.answerTtlSeconds);
        writer.u16(naptr.order);
        writer.u16(naptr.preference);
        writer.characterString(NAPTR_FLAGS);
        writer.characterString(naptr.services);
        writer.characterString(naptr.regexp);
        writer.u8(0); // The replacement: the root, since the rule is terminal.
        writer.endRecord();
      }
      return true;
    case RECORD_TYPE.ANY:
      writeHinfo(writer, zone);
      return true;
    default:
      return false;
  }
}

/** The answer to ANY that says no more than that ANY is not answered (RFC 8482 section 4.2). */
function writeHinfo(writer: ResponseWriter, zone: EnumZone): void {
  writer.beginRecord('answer', HEADER_BYTES, RECORD_TYPE.HINFO, zone.answerTtlSeconds);
  writer.characterString('RFC8482');
  writer.characterString('');
  writer.endRecord();
}
