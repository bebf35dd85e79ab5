// The load of registrations: who its terminals are, and what its two processes tell each other.
//
//     place  0 …………………… 69  70 ………… 99  100 …
//            home network   roamers     and so on, a hundred after a hundred
//
// Every hundred of IMSIs is cut in two runs, one of each network: no prefix tells a roamer.

import { createHash, type KeyObject } from 'node:crypto';
import { privateKeyOf } from '../../ledger/ed25519.ts';
import { type NumberKey, parseDigits } from '../../ledger/number.ts';
import type { Bchf, BchfInterface } from './bchf-source.ts';
import type { Side } from './country.ts';
import type { RegistrationSource } from './registration.ts';

/** Of the home network's IMSIs, beside those of the flows. */
const PREFIX = '999018';
const DIGITS = 15;
export const CELL = 100;
/** Terminals of a load: more than register twice within seconds. Keys cost more, so there they are fewer. */
export const TERMINALS = 100_000;
export const TERMINALS_WITH_KEYS = 10_000;

export function loadImsi(place: number): string {
  return `${PREFIX}${String(place).padStart(DIGITS - PREFIX.length, '0')}`;
}

export function loadKey(place: number): NumberKey {
  return parseDigits(loadImsi(place)) as NumberKey;
}

export function loadMsisdn(place: number): string {
  return `999018${String(place).padStart(6, '0')}`;
}

export function loadPrivateKey(place: number): KeyObject {
  return privateKeyOf(
    createHash('sha256')
      .update(`terminal\0${loadImsi(place)}`)
      .digest(),
  );
}

/** Whose a terminal is. */
export function sideOf(place: number, roamerPercent: number): Side {
  return place % CELL < CELL - roamerPercent ? 'home' : 'other';
}

/** Where the elements of the load would be reached: they are tables in the generator (RFC 5737). */
export const LOAD_ADDRESSES: Readonly<Record<Side, string>> = {
  home: '192.0.2.11:8080',
  other: '192.0.2.12:8080',
};

export interface LoadRequest {
  bchf: Bchf;
  perSecond: number;
  seconds: number;
  /** Goes before, at the same rate, and is not counted. */
  warmUpSeconds: number;
  /** A multiple of CELL; at most as many as numbers fit into one transaction, where they have keys. */
  terminals: number;
  roamerPercent: number;
  order: readonly RegistrationSource[];
  by: BchfInterface;
  seed: number;
  /** Whether terminals sign: credentials are made before the load begins, one for each registration. */
  credentials: boolean;
}

/** Microseconds. */
export interface LoadLatencies {
  count: number;
  p50: number;
  p90: number;
  p99: number;
  p99_9: number;
  max: number;
}

export interface LoadOutcome {
  elapsedMs: number;
  begun: number;
  /** Due, and not begun: the generator was too slow, or too many were under way. */
  unsent: number;
  accepted: number;
  /** Accepted, and not by the element that the ledger names, or with another's subscription. */
  wrong: number;
  /** Not accepted, by cause. */
  failed: Record<string, number>;
  /**
   * Of registrations from the time at which they were due; of look-ups at the BCHF from the time at which
   * they were sent.
   */
  latencyUs: Record<'all' | 'home' | 'roamers' | 'lookups', LoadLatencies>;
  /** How late registrations were begun: 99 of 100 were within so much. */
  delayP99Us: number;
  /** Of one processor: watching the clock takes what is left of one. */
  cpuPercent: number;
}
