// Reads the file of the keys that requests over the batch protocol are sealed with. Threads that serve are
// given what it says.

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { ServingConfig } from '../config.ts';
import { ResolverError } from '../resolver-error.ts';
import { reasonOf } from '../schema-problems.ts';
import { type AuthenticationSettings, REQUESTS_MAX } from './batch-authentication.ts';
import { ReplayWindow } from './replay-window.ts';

const keysSchema = z.strictObject({
  keys: z
    .record(z.string().regex(/^(0|[1-9][0-9]{0,9})$/), z.string().regex(/^([0-9a-f]{2}){16,64}$/))
    .refine((keys) => Object.keys(keys).every((id) => Number(id) < 2 ** 32), 'key ids are u32'),
});

/** Throws BCHF_CONFIG_INVALID where the file of keys is missing or wrong. */
export function readAuthenticationSettings(config: ServingConfig): AuthenticationSettings {
  const { batchAuthentication: mode, batchWindowMs: windowMs, batchKeys: path } = config;
  if (mode === 'off') return { mode, windowMs, keys: {}, replays: undefined };
  try {
    const { keys } = keysSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    return { mode, windowMs, keys, replays: new ReplayWindow(windowMs, REQUESTS_MAX).buffer };
  } catch (cause) {
    const message = `--batch-keys ${path}: ${reasonOf(cause)}`;
    throw new ResolverError('BCHF_CONFIG_INVALID', message, { cause });
  }
}
