// The records of ENUM zones: what a name has of a type, made from the index for each query.
//
// There is no zone data, so an exact number never hides the range around it, as an explicit name hides a
// wildcard in a zone file (RFC 4592). Sources: RFC 6116 (ENUM), RFC 1034 section 4.3.2 (answering), RFC 2308
// (negative answers), RFC 8020 (NXDOMAIN means nothing below), RFC 8482 (ANY).
//
//     name                              NAPTR      SOA, NS    ANY      other type
//     the suffix                        no data    records    HINFO    no data
//     found number with services        records    no data    HINFO    no data
//     found number without services     no data    no data    no data  no data
//     digits above entries or another   no data    no data    no data  no data
//     zone, not found
//     everything else below the suffix  NXDOMAIN

import { digitsOf } from '../../ledger/number.ts';
import type { Route } from '../../ledger/route.ts';
import { HEADER_BYTES, RCODE, type Rcode, RECORD_TYPE } from './dns-codec.ts';
import type { ResponseWriter } from './dns-response-codec.ts';
import type { EnumCounter } from './enum-counters.ts';
import { APEX, isSameName, NOT_A_NUMBER, OFF_ZONE, readEnumName } from './enum-name-codec.ts';
import { recordCountOf } from './enum-template-codec.ts';
import type { EnumZone, RouteAnswers } from './enum-zone.ts';
import { RESPONSE_CLASS, type ResponseClass } from './rate-limit-codec.ts';

/** What the zones ask of the index of MSISDNs. Keys are number keys. */
export interface EnumLookup {
  /** The winning entry and its route, or `undefined`. */
  find(key: number): EnumMatch | undefined;
  /** Whether a prefix or number that is longer than the given digits begins with them. */
  hasBelow(key: number): boolean;
  /** The height of the block that is served. */
  height(): number;
}

export interface EnumMatch {
  entry: 'prefix' | 'fragmented' | 'ported';
  /** The route's place in the table of routes. */
  routeNumber: number;
  route: Route;
}

/** What records are made from. */
export interface RecordSources {
  /** As `createEnumZones` gives them. */
  zones: readonly EnumZone[];
  lookup: EnumLookup;
  /** Told of templates that were used, by the zone's place. */
  onAnswers?: (zone: number, routeNumber: number, answers: RouteAnswers) => void;
}

/** What a query comes to, its records written already. */
export interface Outcome {
  rcode: Rcode;
  counter: EnumCounter;
  responseClass: ResponseClass;
  isAuthoritative: boolean;
}

const digitBytes = new Uint8Array(15);

/** A name in a zone that is served here. */
export interface InZone {
  zone: EnumZone;
  /** What {@link readEnumName} says of the name. */
  key: number;
  /** The name is the apex of a zone below, asked for what only the zone above has of it. */
  isAtCut: boolean;
}

/** The zone that has a name's records of a type; `undefined` where none does. */
export function findZone(
  query: Uint8Array,
  nameEnd: number,
  type: number,
  zones: readonly EnumZone[],
): InZone | undefined {
  let isAtCut = false;
  for (const zone of zones) {
    const key = readEnumName(query, HEADER_BYTES, nameEnd, zone);
    if (key === OFF_ZONE) continue;
    // The DS of a zone stands in the zone above it (RFC 4035 section 3.1.4.1), if that is here.
    const isParents = type === RECORD_TYPE.DS && key === APEX && !isAtCut;
    if (!isParents) return { zone, key, isAtCut };
    isAtCut = zones.some(
      (other) =>
        other.suffix.length < zone.suffix.length &&
        readEnumName(query, HEADER_BYTES, nameEnd, other) !== OFF_ZONE,
    );
    if (!isAtCut) return { zone, key, isAtCut };
  }
  return undefined;
}

/** Writes the records that a name of a zone has of a type, or why it has none. */
export function writeZoneRecords(
  query: Uint8Array,
  nameEnd: number,
  type: number,
  { zone, key, isAtCut }: InZone,
  writer: ResponseWriter,
  sources: RecordSources,
): Outcome {
  const { lookup } = sources;
  const match = key > APEX ? lookup.find(key) : undefined;
  const hasRecords =
    key === APEX
      ? writeApexRecords(writer, type, zone, lookup)
      : match !== undefined && writeNumberRecords(writer, type, zone, key, match, sources);
  if (hasRecords) return success(RCODE.NOERROR, 'answeredRecords', RESPONSE_CLASS.records);
  const suffixAt = nameEnd - zone.suffix.length;
  writer.beginRecord('authority', suffixAt, RECORD_TYPE.SOA, zone.negativeTtlSeconds);
  writer.bytes(zone.soaAt(lookup.height()));
  writer.endRecord();
  const exists =
    key === APEX ||
    match !== undefined ||
    isAtCut ||
    (key !== NOT_A_NUMBER && lookup.hasBelow(key)) ||
    zone.namesAboveOtherZones.some((name) => isSameName(query, HEADER_BYTES, nameEnd, name));
  return exists
    ? success(RCODE.NOERROR, 'answeredNoData', RESPONSE_CLASS.noData)
    : success(RCODE.NXDOMAIN, 'answeredNxdomain', RESPONSE_CLASS.nxdomain);
}

function success(rcode: Rcode, counter: EnumCounter, responseClass: ResponseClass): Outcome {
  return { rcode, counter, responseClass, isAuthoritative: true };
}

/** Writes the records that the apex has of a type; whether there are any. */
function writeApexRecords(
  writer: ResponseWriter,
  type: number,
  zone: EnumZone,
  lookup: EnumLookup,
): boolean {
  switch (type) {
    case RECORD_TYPE.SOA:
      writer.beginRecord('answer', HEADER_BYTES, type, zone.soaTtlSeconds);
      writer.bytes(zone.soaAt(lookup.height()));
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
  { entry, routeNumber, route }: EnumMatch,
  { zones, onAnswers }: RecordSources,
): boolean {
  if (type !== RECORD_TYPE.NAPTR && type !== RECORD_TYPE.ANY) return false;
  const answers = zone.answersOf(routeNumber, route);
  onAnswers?.(zones.indexOf(zone), routeNumber, answers);
  const template = entry === 'ported' ? answers.ported : answers.plain;
  if (recordCountOf(template) === 0) return false;
  if (type === RECORD_TYPE.ANY) {
    writeHinfo(writer, zone);
    return true;
  }
  const digits = digitsOf(key);
  for (let at = 0; at < digits.length; at++) digitBytes[at] = digits.charCodeAt(at);
  writer.answer(template, digitBytes.subarray(0, digits.length));
  return true;
}

/** The answer to ANY that says no more than that ANY is not answered (RFC 8482 section 4.2). */
function writeHinfo(writer: ResponseWriter, zone: EnumZone): void {
  writer.beginRecord('answer', HEADER_BYTES, RECORD_TYPE.HINFO, zone.answerTtlSeconds);
  writer.characterString('RFC8482');
  writer.characterString('');
  writer.endRecord();
}
