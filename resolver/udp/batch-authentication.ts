// Who may ask over the batch protocol: requests sealed with a shared key, each accepted once.

import { isTagRight, readSeal, type Seal, TAG_BYTES } from './batch-seal-codec.ts';
import { ReplayWindow } from './replay-window.ts';

/** Requests that the table of replays has room for: 100,000 a second of a window of 5 s either way. */
export const REQUESTS_MAX = 1 << 20;

export interface AuthenticationSettings {
  /** off: sealed requests are refused. optional: both are answered. required: only sealed ones. */
  mode: 'off' | 'optional' | 'required';
  windowMs: number;
  /** Secrets in hexadecimal digits by key id. */
  keys: Record<string, string>;
  /** The table of replays that all threads share; `undefined` where the mode is off. */
  replays: SharedArrayBuffer | undefined;
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
