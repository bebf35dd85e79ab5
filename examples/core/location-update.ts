// A location update at the data management element of the user: find the user data, check the terminal's
// credential once more, and let the user register there or not.

import { CREDENTIAL_WINDOW_MS, checkCredential } from '../../ledger/credential-codec.ts';
import { parseDigits } from '../../ledger/number.ts';
import type { Plmn } from '../../ledger/route.ts';
import { type Operation, type Refusal, type Result, refused } from './operations.ts';
import { isSamePlmn } from './plmn-codec.ts';
import { type Found, mayRoam, type Subscriber, type SubscriberStore } from './subscriber-store.ts';

/**
 * Credentials that were used are remembered for as long as they would count. Where there is no room, a new
 * one is refused: forgetting one would let it be used again.
 */
export const USED_MAX = 100_000;

export type LocationUpdate = Extract<Operation, { kind: 'update-location' }>;

export interface LocationUpdatesOptions {
  store: SubscriberStore;
  /** The network of the element. */
  network: Plmn;
  /** Milliseconds since 1970. */
  now: () => number;
  /** USED_MAX, unless given. */
  usedMax?: number;
  onFound?: (found: Found, update: LocationUpdate) => void;
  onGoodCredential?: () => void;
}

export class LocationUpdates {
  readonly #options: LocationUpdatesOptions;
  readonly #usedMax: number;
  /** Nonces of used credentials, the oldest first, and until when each would count. */
  readonly #used = new Map<string, number>();
  /** Whether requests without a credential are refused. */
  isCredentialRequired = false;

  constructor(options: LocationUpdatesOptions) {
    this.#options = options;
    this.#usedMax = options.usedMax ?? USED_MAX;
  }

  perform(update: LocationUpdate): Result {
    const { store, network, onFound } = this.#options;
    const { imsi, servingNetwork, servingNode, userDataIndex } = update;
    const found = store.find('imsi', imsi, userDataIndex);
    if (!found) return refused('unknown-user');
    onFound?.(found, update);
    const { subscriber, foundBy } = found;
    const fault = this.#credentialFault(update, subscriber);
    if (fault) return fault;
    if (!isSamePlmn(servingNetwork, network) && !mayRoam(subscriber, servingNetwork)) {
      return refused('roaming-not-allowed');
    }
    subscriber.location = { servingNetwork, servingNode };
    return { ok: true, data: { msisdn: subscriber.msisdn, foundBy } };
  }

  /** The second check of figure 7: the home network does not take the BCHF's word for it. */
  #credentialFault(
    { imsi, servingNetwork, credential: text }: LocationUpdate,
    { publicKey }: Subscriber,
  ): Refusal | undefined {
    if (text === undefined) {
      if (!this.isCredentialRequired) return undefined;
      return refused('credential-refused', 'CREDENTIAL_REQUIRED');
    }
    const nowMs = this.#options.now();
    const expected = {
      ueId: { identity: 'imsi', key: parseDigits(imsi)! },
      networks: [servingNetwork],
      nowMs,
      windowMs: CREDENTIAL_WINDOW_MS,
    } as const;
    const checked = checkCredential(text, expected, Buffer.from(publicKey, 'hex'));
    if (checked.fault) return refused('credential-refused', checked.fault);
    const nonce = `${imsi} ${Buffer.from(checked.credential.nonce).toString('hex')}`;
    if (this.#used.has(nonce)) return refused('credential-refused', 'CREDENTIAL_REPLAYED');
    for (const [old, untilMs] of this.#used) {
      if (untilMs >= nowMs) break;
      this.#used.delete(old);
    }
    if (this.#used.size >= this.#usedMax) return refused('failure', 'CREDENTIAL_CONGESTION');
    // Its time may be a window ahead, and it counts for a window from then on.
    this.#used.set(nonce, nowMs + 2 * CREDENTIAL_WINDOW_MS);
    this.#options.onGoodCredential?.();
    return undefined;
  }
}
