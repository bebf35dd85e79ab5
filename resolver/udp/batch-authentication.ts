// Who may ask over the batch protocol: requests sealed with a shared key, each accepted once.

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { ServingConfig } from '../config.ts';
import { ResolverError } from '../resolver-error.ts';
import { isTagRight, readSeal, type Seal, TAG_BYTES } from './batch-seal-codec.ts';
import { ReplayWindow } from './replay-window.ts';

/** Requests that the table of replays has room for: 100,000 a second of a window of 5 s either way. */
const REQUESTS_MAX = 1 << 20;

const keysSchema = z.strictObject({
  keys: z
    .record(z.string().regex(/^(0|[1-9][0-9]{0,9})$/), z.string().regex(/^([0-9a-f]{2}){16,64}$/))
    .refine((keys) => Object.keys(keys).every((id) => Number(id) < 2 ** 32), 'key ids are u32'),
});

export interface AuthenticationSettings {
  /** off: sealed requests are refused. optional: both are answered. required: only sealed ones. */
  mode: 'off' | 'optional' | 'required';
  windowMs: number;
  /** Secrets in hexadecimal digits by key id. */
  keys: Record<string, string>;
  /** The table of replays that all threads share; `undefined` where the mode is off. */
  replays: SharedArrayBuffer | undefined;
}

/** Throws BCHF_CONFIG_INVALID where the file of keys is missing or wrong. */
export function readAuthenticationSettings(config: ServingConfig): AuthenticationSettings {
  const { batchAuthentication: mode, batchWindowMs: windowMs, batchKeys: path } = config;
  if (mode === 'off') return { mode, windowMs, keys: {}, replays: undefined };
  try {
    const { keys } = keysSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    return { mode, windowMs, keys, replays: new ReplayWindow(windowMs, REQUESTS_MAX).buffer };
  } catch (cause) {
    const message = `--batch-keys ${path}: ${(cause as Error).message}`;
    throw new ResolverError('BCHF_CONFIG_INVALID', message, { cause });
  }
}

/**
 * accepted: the request behind the seal is to be answered. refused: who asks is told so, because a key
 * that the server does not have or a wrong clock is a fault to be mended. tag, replay: dropped.
 */
export type AuthenticationVerdict = 'accepted' | 'refused' | 'tag' | 'replay';

export class BatchAuthenticator {
  readonly isRequired: boolean;
  readonly #secretById = new Map<number, Uint8Array>();
  readonly #window: ReplayWindow;
  readonly #nowMs: () => number;
  readonly #seal: Seal = { keyId: 0, timeUs: 0 };

  constructor(settings: AuthenticationSettings, nowMs: () => number) {
    this.isRequired = settings.mode === 'required';
    this.#window = new ReplayWindow(settings.windowMs, REQUESTS_MAX, settings.replays);
    this.#nowMs = nowMs;
    for (const [id, secret] of Object.entries(settings.keys)) {
      this.#secretById.set(Number(id), Uint8Array.from(Buffer.from(secret, 'hex')));
    }
  }

  /** Judges a sealed request. */
  judge(message: Uint8Array): AuthenticationVerdict {
    if (!readSeal(message, this.#seal)) return 'tag';
    const { keyId, timeUs } = this.#seal;
    const nowUs = this.#nowMs() * 1000;
    const secret = this.#secretById.get(keyId);
    if (secret === undefined || !this.#window.isInTime(timeUs, nowUs)) return 'refused';
    if (!isTagRight(message, secret)) return 'tag';
    const tag = message.subarray(message.length - TAG_BYTES);
    return this.#window.note(tag, timeUs, nowUs) === 'new' ? 'accepted' : 'replay';
  }
}
