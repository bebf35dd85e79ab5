// Packets to give to answerers of ENUM: queries of every kind, and mutated ones.

import { parseAddress } from '../../udp/client-address-codec.ts';
import { encodeName } from '../dns-codec.ts';
import { ServerCookies } from '../dns-cookie-codec.ts';
import type { Packet } from './enum-twins.ts';
import { enumDomain, hex } from './fixture.ts';

const SUFFIXES = ['e164.arpa', 'i.4.4.e164.arpa', 'e164enum.net', '4.4.e164.arpa', 'example.org'];
const CLIENTS = ['192.0.2.1', '192.0.2.200', '198.51.100.7', '2001:db8::1', '2a00::5', '127.0.0.1'];
/** Found by prefix, by run, ported; at, above and below entries; nothing there. */
const NUMBERS = [
  ...['358401234567', '358401234568', '35840', '358', '35', '3', '86139', '86139050', '86139100'],
  ...['8613905', '12155550123', '1215555012', '121555501230', '9', '999999999999999', '0', '01'],
  ...['7911123456', '79', '447911123456', '7', '4', '44', '99999999999999', '9999999999999999'],
];
/** Mostly NAPTR. */
const TYPES = [...new Array<number>(20).fill(35), 6, 2, 1, 43, 255, 252, 251, 13];

export interface PacketSource {
  /** A packet, of every kind by turns, from any of a few clients. */
  next(nowMs: number): Packet;
  /** Keeps a response's cookie for queries to come. */
  learn(response: Uint8Array, client: Uint8Array): void;
  /** A NAPTR query for a number, with EDNS and a cookie where one is given. */
  naptr(digits: string, suffix: string, cookie?: Uint8Array): Uint8Array;
}

export function createPacketSource(
  random: (limit: number) => number,
  secrets: readonly string[],
): PacketSource {
  const pick = <T>(values: readonly T[]): T => values[random(values.length)]!;
  const cookieMakers = secrets.map((secret) => new ServerCookies([hex(secret)]));
  const learnt = new Map<string, Uint8Array>();

  function query(
    name: Uint8Array,
    type: number,
    recordClass: number,
    opt?: Uint8Array,
  ): Uint8Array {
    const header = [random(256), random(256), random(8) === 0 ? random(8) : 0, 0, 0, 1, 0, 0, 0, 0];
    const tail = [type >> 8, type & 255, recordClass >> 8, recordClass & 255];
    return Uint8Array.from([...header, 0, opt ? 1 : 0, ...name, ...tail, ...(opt ?? [])]);
  }

  function option(code: number, data: Uint8Array): number[] {
    return [code >> 8, code & 255, data.length >> 8, data.length & 255, ...data];
  }

  function optOf(payload: number, version: number, isDo: boolean, options: number[]): Uint8Array {
    const flags = isDo ? 0x80 : 0;
    const head = [0, 0, 41, payload >> 8, payload & 255, 0, version, flags, 0];
    return Uint8Array.from([...head, options.length >> 8, options.length & 255, ...options]);
  }

  /** None, a client's, one that was given, one of any age and secret, a forged or malformed one. */
  function cookieFor(client: Uint8Array, nowMs: number): Uint8Array | undefined {
    const clientCookie = Uint8Array.from({ length: 8 }, () => random(3));
    switch (random(6)) {
      case 0:
        return clientCookie;
      case 1:
        return learnt.get(client.join());
      case 2: {
        const made = new Uint8Array(24);
        const seconds = Math.floor(nowMs / 1000) - pick([0, 1799, 1801, 3600, 3601, -300, -301]);
        pick(cookieMakers).answer(made, clientCookie, 0, 8, client, seconds);
        if (random(4) === 0) made[random(24)]! ^= 1 << random(8);
        return made;
      }
      case 3:
        return random(4) === 0 ? Uint8Array.from({ length: random(45) }, () => 7) : undefined;
      default:
        return undefined;
    }
  }

  function opt(client: Uint8Array, nowMs: number): Uint8Array | undefined {
    if (random(3) === 0) return undefined;
    const options: number[] = [];
    if (random(6) === 0)
      options.push(...option(pick([3, 8, 11, 65_001]), new Uint8Array(random(9))));
    const cookie = cookieFor(client, nowMs);
    if (cookie !== undefined) options.push(...option(10, cookie));
    if (random(20) === 0) options.push(...option(10, new Uint8Array(8)));
    if (random(40) === 0) options.push(random(256));
    const payload = pick([0, 511, 512, 600, 800, 1232, 4096, 65_535]);
    return optOf(payload, random(30) === 0 ? 1 : 0, random(2) === 0, options);
  }

  function recased(name: Uint8Array): Uint8Array {
    return name.map((byte) => (byte >= 97 && byte <= 122 && random(2) === 0 ? byte - 32 : byte));
  }

  function nameOf(): Uint8Array {
    const suffix = pick(SUFFIXES);
    const kind = random(20);
    if (kind === 0) return encodeName(suffix)!;
    if (kind === 1)
      return encodeName(`${pick(['a', '12', '1.x', 'x.1', '_sip._udp', 'i'])}.${suffix}`)!;
    return encodeName(enumDomain(pick(NUMBERS), suffix))!;
  }

  function plain(client: Uint8Array, nowMs: number): Uint8Array {
    const name = random(3) === 0 ? recased(nameOf()) : nameOf();
    const recordClass = random(40) === 0 ? pick([3, 254, 255, 0]) : 1;
    const rest = opt(client, nowMs);
    if (random(60) === 0 && rest) {
      const cookieAlone = query(new Uint8Array(0), 0, 0, rest);
      cookieAlone[5] = 0;
      return Uint8Array.from([...cookieAlone.subarray(0, 12), ...rest]);
    }
    return query(name, pick(TYPES), recordClass, rest);
  }

  return {
    next(nowMs) {
      const client = parseAddress(pick(CLIENTS))!;
      const message = plain(client, nowMs);
      return { message: random(4) === 0 ? mutate(message, random) : message, client };
    },
    learn(response, client) {
      if (response.length < 28) return;
      const last = response.subarray(-28);
      if (last[1] === 10 && last[3] === 24) learnt.set(client.join(), last.slice(4));
    },
    naptr(digits, suffix, cookie) {
      const rest = cookie && optOf(1232, 0, false, option(10, cookie));
      const message = query(encodeName(enumDomain(digits, suffix))!, 35, 1, rest);
      message[2] = 0;
      return message;
    },
  };
}

/** One to four changes: a bit, a byte, a cut, more bytes, a piece twice, or all random. */
export function mutate(query: Uint8Array, random: (limit: number) => number): Uint8Array {
  let bytes = [...query];
  for (let left = 1 + random(4); left > 0; left--) {
    const at = random(Math.max(bytes.length, 1));
    switch (random(8)) {
      case 0:
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
        break;
      case 2:
      case 3:
        bytes[at] = random(256);
        break;
      case 4:
        bytes = bytes.slice(0, at);
        break;
      case 5:
        for (let more = 1 + random(20); more > 0; more--) bytes.push(random(256));
        break;
      case 6:
        bytes.splice(at, 0, ...bytes.slice(at, at + 1 + random(16)));
        break;
      case 7:
        if (random(10) === 0) bytes = Array.from({ length: random(600) }, () => random(256));
        break;
    }
  }
  return Uint8Array.from(bytes);
}
