// The load of registrations: who its terminals are, and what its two processes tell each other.
//
//     place  0 …………………… 69  70 ………… 99  100 …
//            home network   roamers     and so on, a hundred after a hundred
//
// Every hundred of IMSIs is cut in two runs, one of each network: no prefix tells a roamer.

import { createHash, type KeyObject } from 'node:crypto';
import { privateKeyOf } from '../../ledger/ed25519.ts';
import { type NumberKey, parseDigits } from '../../ledger/number.ts';
import type { GeneratorSample } from '../../loadtest/generator-usage.ts';
import type { Phase } from '../../loadtest/scenario/scenario.ts';
import type { StreamResult } from '../../loadtest/scenario/scenario-thread.ts';
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
  /** Registrations a second over time; of all generators together. */
  phases: readonly Phase[];
  /** A multiple of CELL; at most as many as numbers fit into one transaction, where they have keys. */
  terminals: number;
  roamerPercent: number;
  order: readonly RegistrationSource[];
  by: BchfInterface;
  seed: number;
  /** Whether terminals sign: credentials are made before the load begins, one for each registration. */
  credentials: boolean;
  /** Processes that generate it, each its part. */
  generators: number;
  /** How long one lookup at the BCHF may take. */
  timeoutMs: number;
}

/** What a generator is started with. */
export interface GeneratorStart extends LoadRequest {
  /** 0 to `generators` − 1. */
  generator: number;
}

/** What a generator found. */
export interface GeneratorOutcome {
  /** Registrations by whose terminals they were of, latencies from the time at which they were due. */
  streams: Record<Side, StreamResult>;
  /** Of lookups at the BCHF from the time at which they were sent; a compressed histogram. */
  lookups: string;
  /** Registrations that were not accepted, by cause. */
  failed: Record<string, number>;
  /** Of the generator itself, each second. */
  samples: GeneratorSample[];
}

export type GeneratorEvent = { type: 'ready' } | { type: 'done'; outcome: GeneratorOutcome };
