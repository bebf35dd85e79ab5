// A zone of ENUM names: its settings, checked and brought into wire form once.

import { DIGITS_MAX, KEY_MAX, lengthOf, parseDigits } from '../../ledger/number.ts';
import type { Route } from '../../ledger/route.ts';
import { type AddressPrefix, isWithin, parsePrefix } from '../udp/client-address-codec.ts';
import { encodeName, NAME_BYTES_MAX, type SoaData } from './dns-codec.ts';
import { type EnumSuffix, encodeEnumName } from './enum-name-codec.ts';
import {
  compileAnswer,
  type EnumService,
  problemOfService,
  SERVICES_MAX,
} from './enum-template-codec.ts';

/** Highest TTL and SOA interval (RFC 2181 section 8). */
const SECONDS_MAX = 2 ** 31 - 1;
/** Most name servers of a zone. */
export const NAME_SERVERS_MAX = 16;
/** Most prefixes of clients that a zone names. */
export const CLIENT_PREFIXES_MAX = 256;
/** Most names of a zone that exist only because other zones lie below: what a block has room for. */
const NAMES_ABOVE_MAX = 29;
/** Bytes of an SOA record behind its two names; the serial number comes first. */
const SOA_NUMBERS_BYTES = 20;

/** Names are in text form, without escapes; a final dot may be left out. */
export interface EnumZoneSettings {
  /** What follows the digits: `e164.arpa`, `e164enum.net`, `i.1.e164.arpa`. */
  suffix: string;
  /**
   * The digits that the suffix stands for. Left out: those of its labels of one digit, as in
   * `i.4.4.e164.arpa` and `8.5.3.e164.arpa`.
   */
  numberPrefix?: string | undefined;
  /** Time to live of NAPTR, NS and HINFO answers. */
  answerTtlSeconds: number;
  /** Names of the zone's servers, 1 to {@link NAME_SERVERS_MAX}. */
  nameServers: readonly string[];
  soa: EnumSoaSettings;
  /** What a number gets, a record for each; at most {@link SERVICES_MAX}. */
  services: readonly EnumService[];
  /** What it gets instead where its route is, or else its member, named here. */
  servicesByRoute?: Readonly<Record<string, readonly EnumService[]>>;
  servicesByMember?: Readonly<Record<string, readonly EnumService[]>>;
  /** Who is answered, as prefixes of addresses; others are refused. Left out: everyone. */
  clients?: readonly string[] | undefined;
}

/** The SOA record of the apex. A negative answer is kept for the smaller of MINIMUM and its TTL. */
export interface EnumSoaSettings extends Omit<SoaData, 'serial'> {
  /** Left out: the height of the block that is served, so that any DNS tool shows it. */
  serial?: number | undefined;
  ttlSeconds: number;
}

/** What a route's numbers get in a zone. */
export interface RouteAnswers {
  /** See enum-template-codec. */
  plain: Uint8Array;
  ported: Uint8Array;
}

/** A zone ready to answer. */
export class EnumZone implements EnumSuffix {
  /** Wire form, lower case. */
  readonly suffix: Uint8Array;
  /** The key of the digits that the suffix stands for; 1 for none. */
  readonly prefixKey: number;
  readonly answerTtlSeconds: number;
  /** RDATA of each NS record. */
  readonly nameServers: readonly Uint8Array[];
  readonly soaTtlSeconds: number;
  /** TTL of the SOA in a negative answer: min(SOA TTL, MINIMUM), RFC 2308 section 3. */
  readonly negativeTtlSeconds: number;
  /** Who is answered; `undefined`: everyone. */
  readonly clients: readonly AddressPrefix[] | undefined;
  /**
   * Names of this zone, in wire form and lower case, that exist only because another zone of this
   * server lies below them: no NXDOMAIN (RFC 8020).
   */
  namesAboveOtherZones: readonly Uint8Array[] = [];
  readonly #settings: EnumZoneSettings;
  readonly #soa: Uint8Array;
  readonly #serialAt: number;
  readonly #answers: ({ route: Route; answers: RouteAnswers } | undefined)[] = [];
  readonly #onLeftOut: (count: number) => void;

  /**
   * Prepares a zone. Throws a `RangeError` that names the setting where a name, a number, a service
   * or a count is out of range.
   *
   * @param onLeftOut told of services that the values of a route make too long for a record
   */
  constructor(settings: EnumZoneSettings, onLeftOut: (count: number) => void = () => {}) {
    const { soa, nameServers } = settings;
    this.#settings = settings;
    this.#onLeftOut = onLeftOut;
    this.suffix = nameOf(settings.suffix.toLowerCase(), 'suffix');
    if (encodeEnumName(KEY_MAX, this.suffix).length > NAME_BYTES_MAX) {
      throw new RangeError('ENUM suffix leaves no room for 15 digits');
    }
    this.prefixKey = prefixKeyOf(settings.numberPrefix ?? digitsOfSuffix(settings.suffix));
    if (nameServers.length < 1 || nameServers.length > NAME_SERVERS_MAX) {
      throw new RangeError(`ENUM nameServers must be 1 to ${NAME_SERVERS_MAX}`);
    }
    this.nameServers = nameServers.map((name) => nameOf(name, 'nameServers'));
    this.answerTtlSeconds = checked(settings.answerTtlSeconds, 'answerTtlSeconds', SECONDS_MAX);
    this.soaTtlSeconds = checked(soa.ttlSeconds, 'soa.ttlSeconds', SECONDS_MAX);
    this.#soa = soaOf(soa);
    this.#serialAt = this.#soa.length - SOA_NUMBERS_BYTES;
    this.negativeTtlSeconds = Math.min(soa.ttlSeconds, soa.minimumSeconds);
    this.clients = settings.clients?.map(prefixOf);
    if (this.clients !== undefined && this.clients.length > CLIENT_PREFIXES_MAX) {
      throw new RangeError(`ENUM clients must be at most ${CLIENT_PREFIXES_MAX}`);
    }
    const { servicesByRoute = {}, servicesByMember = {} } = settings;
    checkServices(settings.services, 'services');
    for (const [name, services] of Object.entries({ ...servicesByMember, ...servicesByRoute })) {
      checkServices(services, `services of ${name}`);
    }
  }

  /** Whether a client, its address in the common form, is answered here. */
  serves(client: Uint8Array): boolean {
    return this.clients === undefined || isWithin(client, this.clients);
  }

  /** RDATA of the SOA record while a block of this height is served; not to be kept. */
  soaAt(height: number): Uint8Array {
    if (this.#settings.soa.serial === undefined) {
      new DataView(this.#soa.buffer).setUint32(this.#serialAt, height % 2 ** 32);
    }
    return this.#soa;
  }

  /** What numbers of a route get; `number` is the route's place in the table of routes. */
  answersOf(number: number, route: Route): RouteAnswers {
    const known = this.#answers[number];
    // The route at a place may get new details; then it is another object.
    if (known?.route === route) return known.answers;
    const services = this.#servicesOf(route);
    const ttl = this.answerTtlSeconds;
    const plain = compileAnswer(services, route, false, ttl);
    const ported = compileAnswer(services, route, true, ttl);
    this.#onLeftOut(Math.max(plain.leftOut, ported.leftOut));
    const answers = { plain: plain.template, ported: ported.template };
    this.#answers[number] = { route, answers };
    return answers;
  }

  #servicesOf(route: Route): readonly EnumService[] {
    const { services, servicesByRoute = {}, servicesByMember = {} } = this.#settings;
    return (
      ownValue(servicesByRoute, route.id) ?? ownValue(servicesByMember, route.member) ?? services
    );
  }
}

/**
 * Prepares the zones of a server: those further down first, so that the first zone that a name lies
 * in is the one that has it. Throws a `RangeError` where a setting is out of range, two zones have
 * one suffix, too many names lie between zones, or a name server's name lies in a zone, where it
 * could have no address.
 */
export function createEnumZones(
  settings: readonly EnumZoneSettings[],
  onLeftOut?: (count: number) => void,
): EnumZone[] {
  const zones = settings.map((one) => new EnumZone(one, onLeftOut));
  zones.sort((a, b) => labelsOf(b.suffix).length - labelsOf(a.suffix).length);
  for (const [index, zone] of zones.entries()) {
    const others = zones.slice(index + 1);
    if (others.some(({ suffix }) => equal(suffix, zone.suffix))) {
      throw new RangeError('ENUM zones have one suffix twice');
    }
    for (const server of zones.flatMap(({ nameServers }) => nameServers)) {
      if (labelsOf(server).some((name) => equal(lowerCase(name), zone.suffix))) {
        throw new RangeError('ENUM nameServers must not lie in a zone: it has no addresses');
      }
    }
    const parent = others.find(({ suffix }) => labelsOf(zone.suffix).some((n) => equal(n, suffix)));
    if (parent === undefined) continue;
    const between = labelsOf(zone.suffix).filter((name) => name.length > parent.suffix.length);
    parent.namesAboveOtherZones = [...parent.namesAboveOtherZones, ...between.slice(1)];
    if (parent.namesAboveOtherZones.length > NAMES_ABOVE_MAX) {
      throw new RangeError(`ENUM zones have more than ${NAMES_ABOVE_MAX} names between them`);
    }
  }
  return zones;
}

/** The digits of labels that are one digit each, in the order of a number. */
function digitsOfSuffix(suffix: string): string {
  const digits = suffix.split('.').filter((label) => /^[0-9]$/.test(label));
  return digits.reverse().join('');
}

function prefixKeyOf(digits: string): number {
  if (digits === '') return 1;
  const key = parseDigits(digits);
  if (key === undefined || lengthOf(key) === DIGITS_MAX) {
    throw new RangeError(`ENUM numberPrefix must be up to ${DIGITS_MAX - 1} digits`);
  }
  return key;
}

/** A name and every ending of it below the root, in wire form. */
function labelsOf(name: Uint8Array): Uint8Array[] {
  const endings: Uint8Array[] = [];
  for (let at = 0; name[at] !== 0; at += 1 + name[at]!) endings.push(name.subarray(at));
  return endings;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** Length bytes are never letters. */
function lowerCase(name: Uint8Array): Uint8Array {
  return name.map((byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte));
}

function ownValue<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function checkServices(services: readonly EnumService[], setting: string): void {
  if (services.length > SERVICES_MAX) {
    throw new RangeError(`ENUM ${setting} must be at most ${SERVICES_MAX}`);
  }
  for (const service of services) {
    checked(service.order, `${setting}: order`, 65_535);
    checked(service.preference, `${setting}: preference`, 65_535);
    const problem = problemOfService(service);
    if (problem !== undefined) throw new RangeError(`ENUM ${setting}: ${problem}`);
  }
}

function soaOf(soa: EnumSoaSettings): Uint8Array {
  const intervals = [
    checked(soa.serial ?? 0, 'soa.serial', 2 ** 32 - 1),
    checked(soa.refreshSeconds, 'soa.refreshSeconds', SECONDS_MAX),
    checked(soa.retrySeconds, 'soa.retrySeconds', SECONDS_MAX),
    checked(soa.expireSeconds, 'soa.expireSeconds', SECONDS_MAX),
    checked(soa.minimumSeconds, 'soa.minimumSeconds', SECONDS_MAX),
  ];
  const numbers = new Uint8Array(SOA_NUMBERS_BYTES);
  const view = new DataView(numbers.buffer);
  intervals.forEach((value, index) => {
    view.setUint32(4 * index, value);
  });
  return Uint8Array.from([
    ...nameOf(soa.primaryServer, 'soa.primaryServer'),
    ...nameOf(soa.mailbox, 'soa.mailbox'),
    ...numbers,
  ]);
}

function prefixOf(text: string): AddressPrefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new RangeError(`ENUM clients: ${text} is no address or prefix`);
  return prefix;
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
