// Checks of credentials, as a serving thread has them: what needs no signature is decided at once, the
// rest is sent to the main thread and its pool in batches. The thread goes on answering meanwhile.
//
// Of each thread so many batches are under way and so many credentials wait for the next: beyond that
// a request is refused. While batches are under way what comes is gathered, so the batches grow with
// the load and the messages do not. A credential is noted as used when it is found good, in a table
// that all threads share (replay-window.ts): bad ones take no room there.

import { createHash } from 'node:crypto';
import {
  type CredentialExpectation,
  claimsFault,
  parseCredential,
} from '../../ledger/credential-codec.ts';
import type { ReplayWindow } from '../udp/replay-window.ts';
import type { AccessCause } from './access-causes.ts';
import { packCredentials, unpackVerdicts, type Verdict } from './credential-check-codec.ts';

const BATCH_CREDENTIALS_MAX = 64;
export const BATCHES_UNDER_WAY_MAX = 4;
/** A second of one core's checks is some 15,000; this is what is made up for in a tenth of that. */
export const WAITING_CREDENTIALS_MAX = 1024;

export interface CredentialChecksOptions {
  /** Sends packed credentials; {@link CredentialChecks.answered} is called with the verdicts. */
  send: (batch: number, credentials: Uint8Array<ArrayBuffer>) => void;
  /** Credentials that were used, of all threads. */
  used: ReplayWindow;
  /** Drawn by the process: what is noted of a credential cannot be chosen by who signs it. */
  secret: Uint8Array;
  /** Whether there is a ledger that has keys. */
  hasKeys: boolean;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Told how long each check took that needed a signature. */
  onChecked: (tookUs: number) => void;
}

interface Waiting {
  bytes: Uint8Array;
  message: Uint8Array;
  timeMs: number;
  sinceMs: number;
  decide: (cause: AccessCause | undefined) => void;
}

export class CredentialChecks {
  readonly #options: CredentialChecksOptions;
  readonly #underWay = new Map<number, Waiting[]>();
  #waiting: Waiting[] = [];
  #batches = 0;

  constructor(options: CredentialChecksOptions) {
    this.#options = options;
  }

  /** Why a credential does not count, `undefined` where it does; the latter always late. */
  check(
    text: string,
    expected: CredentialExpectation,
  ): AccessCause | Promise<AccessCause | undefined> {
    const credential = parseCredential(text);
    if (!credential) return 'CREDENTIAL_MALFORMED';
    const fault = claimsFault(credential, expected);
    if (fault) return fault;
    if (!this.#options.hasKeys) return 'CREDENTIAL_KEYS_UNAVAILABLE';
    if (this.#waiting.length >= WAITING_CREDENTIALS_MAX) return 'CREDENTIAL_CONGESTION';
    const { bytes, message, timeMs } = credential;
    const sinceMs = performance.now();
    return new Promise((decide) => {
      this.#waiting.push({ bytes, message, timeMs, sinceMs, decide });
      this.#sendBatches();
    });
  }

  /** The verdicts on a batch. */
  answered(batch: number, packed: Uint8Array): void {
    const waited = this.#underWay.get(batch) ?? [];
    this.#underWay.delete(batch);
    const verdicts = unpackVerdicts(packed);
    waited.forEach((one, at) => {
      this.#options.onChecked((performance.now() - one.sinceMs) * 1000);
      one.decide(this.#causeOf(one, verdicts[at] ?? 'failed'));
    });
    this.#sendBatches();
  }

  #sendBatches(): void {
    while (this.#waiting.length > 0 && this.#underWay.size < BATCHES_UNDER_WAY_MAX) {
      const batch = this.#waiting.slice(0, BATCH_CREDENTIALS_MAX);
      this.#waiting = this.#waiting.slice(BATCH_CREDENTIALS_MAX);
      const number = this.#batches++;
      this.#underWay.set(number, batch);
      this.#options.send(number, packCredentials(batch.map(({ bytes }) => bytes)));
    }
  }

  #causeOf({ message, timeMs }: Waiting, verdict: Verdict): AccessCause | undefined {
    switch (verdict) {
      case 'good':
        return this.#note(message, timeMs);
      case 'key-unknown':
        return 'CREDENTIAL_KEY_UNKNOWN';
      case 'signature-invalid':
        return 'CREDENTIAL_SIGNATURE_INVALID';
      case 'failed':
        return 'CREDENTIAL_CONGESTION';
    }
  }

  /** Notes a good credential as used; the claims name it, of which another signature makes no other. */
  #note(message: Uint8Array, timeMs: number): AccessCause | undefined {
    const { used, secret, now } = this.#options;
    const tag = createHash('sha256').update(secret).update(message).digest();
    const timeUs = timeMs * 1000;
    const nowUs = now() * 1000;
    // It may have waited past its time, and then its note might be gone already.
    if (!used.isInTime(timeUs, nowUs)) return 'CREDENTIAL_EXPIRED';
    const verdict = used.note(tag, timeUs, nowUs);
    if (verdict === 'new') return undefined;
    return verdict === 'replayed' ? 'CREDENTIAL_REPLAYED' : 'CREDENTIAL_CONGESTION';
  }
}
