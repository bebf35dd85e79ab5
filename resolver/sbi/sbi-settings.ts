// What the service-based interfaces are started with, from the options and the files that they name:
// settings that can be sent to a thread, and those of the minimal NRF in the main thread.

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { flagName, type ServingConfig } from '../config.ts';
import { ResolverError } from '../resolver-error.ts';
import { generateTokenKeys, publicPemOf, readTokenKeys, type TokenKeys } from './access-token.ts';
import { type H2Limits, parseH2Limits } from './h2-limits.ts';
import type { H2TlsSettings } from './h2-server.ts';
import type { CollocatedNfType } from './nf-profile.ts';
import type { NrfHostSettings } from './nrf/nrf-host.ts';
import type { TokenPolicy } from './token-policy.ts';

/** What a thread is started with. */
export interface SbiSettings {
  validitySeconds: number;
  collocated: readonly CollocatedNfType[];
  elementScheme: 'http' | 'https';
  /** NF instance id of this resolver. */
  nfInstanceId: string;
  tls: H2TlsSettings | undefined;
  /** Connections of one thread. */
  connectionsMax: number;
  /** Where they are not the usual ones. */
  limits: Partial<H2Limits>;
  tokenPolicy: TokenPolicy;
  /** PEM. */
  tokenPublicKey: string;
  /** The real NRF behind; `undefined` where the minimal one of the main thread is asked. */
  nrf: { origin: string; ca: string | undefined; timeoutMs: number } | undefined;
}

export interface LoadedSbi {
  settings: SbiSettings;
  /** `undefined` where a real NRF is behind. */
  nrfHost: Omit<NrfHostSettings, 'now'> | undefined;
}

/** Reads the files. Throws BCHF_CONFIG_INVALID with the option that does not fit. */
export async function loadSbi(config: ServingConfig): Promise<LoadedSbi> {
  const tls = await loadTls(config);
  const keys = await loadKeys(config);
  const nfInstanceId = randomUUID();
  const { sbiNrf, sbiTokenPolicy, sbiValidityS } = config;
  const nrfCa = await readOption(config, 'sbiNrfCa');
  return {
    settings: {
      validitySeconds: sbiValidityS,
      collocated: config.sbiCollocated,
      elementScheme: config.sbiElementScheme,
      nfInstanceId,
      tls,
      connectionsMax: Math.ceil(config.sbiConnectionsMax / Math.max(1, config.sbiWorkers)),
      limits: loadLimits(config),
      tokenPolicy: sbiTokenPolicy,
      tokenPublicKey: publicPemOf(keys),
      nrf:
        sbiNrf === ''
          ? undefined
          : { origin: new URL(sbiNrf).origin, ca: nrfCa, timeoutMs: config.sbiNrfTimeoutMs },
    },
    nrfHost:
      sbiNrf === ''
        ? {
            tokens: { nfInstanceId, privateKey: keys.privateKey },
            areTokensRequired: sbiTokenPolicy === 'required',
            validitySeconds: sbiValidityS,
            authority: `${config.host}:${config.sbiPort}`,
            scheme: tls ? 'https' : 'http',
          }
        : undefined,
  };
}

async function loadTls(config: ServingConfig): Promise<H2TlsSettings | undefined> {
  const [cert, key, clientCa] = await Promise.all([
    readOption(config, 'sbiTlsCert'),
    readOption(config, 'sbiTlsKey'),
    readOption(config, 'sbiTlsClientCa'),
  ]);
  if (cert !== undefined && key !== undefined) return { cert, key, clientCa };
  if (cert === undefined && key === undefined && clientCa === undefined) return undefined;
  throw new ResolverError(
    'BCHF_CONFIG_INVALID',
    `TLS takes both ${flagName('sbiTlsCert')} and ${flagName('sbiTlsKey')}`,
  );
}

function loadLimits({ sbiLimits }: ServingConfig): Partial<H2Limits> {
  try {
    return parseH2Limits(sbiLimits);
  } catch (cause) {
    const message = `${flagName('sbiLimits')}: ${(cause as Error).message} is no limit`;
    throw new ResolverError('BCHF_CONFIG_INVALID', message, { cause });
  }
}

/** Without a file, keys that end with the process. */
async function loadKeys(config: ServingConfig): Promise<TokenKeys> {
  const pem = await readOption(config, 'sbiTokenKey');
  if (pem === undefined) return generateTokenKeys();
  try {
    return readTokenKeys(pem);
  } catch (cause) {
    const message = `${flagName('sbiTokenKey')} ${config.sbiTokenKey}: ${(cause as Error).message}`;
    throw new ResolverError('BCHF_CONFIG_INVALID', message, { cause });
  }
}

type FileOption = 'sbiTlsCert' | 'sbiTlsKey' | 'sbiTlsClientCa' | 'sbiTokenKey' | 'sbiNrfCa';

async function readOption(config: ServingConfig, name: FileOption): Promise<string | undefined> {
  const path = config[name];
  if (path === '') return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const message = `${flagName(name)} ${path}: ${(cause as Error).message}`;
    throw new ResolverError('BCHF_CONFIG_INVALID', message, { cause });
  }
}
