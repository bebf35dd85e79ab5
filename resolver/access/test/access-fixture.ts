// A service with a small index and terminals whose keys a ledger would have, and requests to it.

import { randomBytes } from 'node:crypto';
import pino from 'pino';
import { type CredentialClaims, makeCredential } from '../../../ledger/credential-codec.ts';
import { privateKeyOf, rawPublicKey } from '../../../ledger/ed25519.ts';
import { parseUeId } from '../../../ledger/number.ts';
import type { Route } from '../../../ledger/route.ts';
import { createWasmIndex } from '../../../wasm/wasm-index.ts';
import { configure, servingOptions } from '../../config.ts';
import { encodeLabel, NewestBlock } from '../../freshness.ts';
import { FREE_PORTS } from '../../probe-ports.ts';
import { type Service, startService } from '../../service.ts';
import { exampleRoute } from '../../test/example-route.ts';
import type { TerminalKeyOf } from '../credential-verifier.ts';

export const HOME = { mcc: '244', mnc: '05' };
export const VISITED = { mcc: '262', mnc: '01' };
export const VISITED_HEADER = { '3gpp-sbi-originating-network-id': '262-01' };

/** Numbers of two members, each a prefix. */
export const ROUTES: Route[] = [
  exampleRoute('udm-a', { member: 'member-a' }),
  exampleRoute('udm-b', { member: 'member-b' }),
];
export const IMSI_A = 'imsi-244050123456789';
export const IMSI_B = 'imsi-460010123456789';
export const MSISDN_A = 'msisdn-358501234567';
export const UNKNOWN_IMSI = 'imsi-999990123456789';

/** A terminal with a key of its own; the same name, the same key. */
export function terminal(ueId: string, keyByte = 7) {
  const privateKey = privateKeyOf(new Uint8Array(32).fill(keyByte));
  return {
    ueId: parseUeId(ueId)!,
    publicKey: rawPublicKey(privateKey),
    credential: (changes: Partial<CredentialClaims> = {}): string =>
      makeCredential(
        {
          ueId: parseUeId(ueId)!,
          servingNetwork: VISITED,
          timeMs: Date.now(),
          nonce: randomBytes(16),
          ...changes,
        },
        privateKey,
      ),
  };
}

export type Terminal = ReturnType<typeof terminal>;

/** Keys that a ledger would have, to be changed while the service runs. */
export class Keys {
  readonly #keys = new Map<string, Uint8Array>();

  register(ueId: string, { publicKey }: Terminal): void {
    this.#keys.set(nameOf(parseUeId(ueId)!), publicKey);
  }

  revoke(ueId: string): void {
    this.#keys.delete(nameOf(parseUeId(ueId)!));
  }

  readonly keyOf: TerminalKeyOf = (identity, key) => this.#keys.get(nameOf({ identity, key }));
}

function nameOf({ identity, key }: { identity: string; key: number }): string {
  return `${identity} ${key}`;
}

/** Starts a service with options, runs the action and stops it. */
export async function withAccess(
  flags: Record<string, unknown>,
  keyOf: TerminalKeyOf | undefined,
  action: (service: Service, http: string) => Promise<void>,
): Promise<void> {
  const label = encodeLabel({ height: 1, blockHash: new Uint8Array(32), timeMs: 0 });
  const indexes = { imsi: createWasmIndex(), msisdn: createWasmIndex() };
  indexes.imsi.apply(
    [
      { entry: 'prefix', from: 124405, to: 124405, route: 0 },
      { entry: 'prefix', from: 146001, to: 146001, route: 1 },
    ],
    label,
  );
  indexes.msisdn.apply([{ entry: 'prefix', from: 1358, to: 1358, route: 0 }], label);
  const defaults = { ...FREE_PORTS, workers: 1, udpWorkers: 1, sbiWorkers: 0 };
  const { values: config } = configure(servingOptions, {
    flags: { ...defaults, ...flags },
    environment: {},
  });
  const service = await startService({
    config,
    indexes,
    routes: ROUTES,
    newestBlock: new NewestBlock(),
    ...(keyOf && { terminalKeyOf: keyOf }),
    log: pino({ level: 'silent' }),
    onFailure: (error) => {
      throw error;
    },
  });
  try {
    await action(service, `http://127.0.0.1:${service.ports.http}`);
  } finally {
    await service.stop();
  }
}

export interface Told {
  status: number;
  cause: string | undefined;
  retryAfter: string | null;
}

/** Asks for one number; what came of it. */
export async function ask(
  http: string,
  ueId: string,
  headers: Record<string, string> = {},
): Promise<Told> {
  const response = await fetch(`${http}/nbchf-routing/v1/routing-info/${ueId}`, { headers });
  const { cause } = (await response.json()) as { cause?: string };
  return { status: response.status, cause, retryAfter: response.headers.get('retry-after') };
}
