// The public keys of terminals, by number. A row has the member that registered the key, u64
// little-endian, and 32 bytes of key.
//
// A key counts only as long as the number is with the member that registered it: a number that goes
// to another member leaves its key behind, without anybody having to look for it.

import { PUBLIC_KEY_BYTES } from '../ed25519.ts';
import { IDENTITIES, type Identity, type NumberKey } from '../number.ts';
import type { MemberNumber } from './state.ts';
import { integersOf, integersRow, type StateTable } from './tables.ts';

/** Most keys of an identity kind: what a JavaScript map takes. */
export const TERMINAL_KEYS_MAX = 16_000_000;

export interface RegisteredKey {
  owner: MemberNumber;
  publicKey: Uint8Array;
}

export class TerminalKeys {
  readonly #keys: Record<Identity, Map<NumberKey, RegisteredKey>> = {
    imsi: new Map(),
    msisdn: new Map(),
  };
  readonly #dirty: Record<Identity, Set<NumberKey>> = { imsi: new Set(), msisdn: new Set() };

  /** How many keys of an identity kind are registered. */
  count(identity: Identity): number {
    return this.#keys[identity].size;
  }

  /** The key registered for a number, whoever has the number now. */
  get(identity: Identity, number: NumberKey): RegisteredKey | undefined {
    return this.#keys[identity].get(number);
  }

  set(identity: Identity, number: NumberKey, key: RegisteredKey): void {
    this.#keys[identity].set(number, key);
    this.#dirty[identity].add(number);
  }

  delete(identity: Identity, number: NumberKey): void {
    this.#keys[identity].delete(number);
    this.#dirty[identity].add(number);
  }

  tables(): StateTable[] {
    return IDENTITIES.map((identity) => ({
      table: `terminal keys ${identity}`,
      dirty: this.#dirty[identity],
      row: (number) => {
        const key = this.#keys[identity].get(number);
        return key && Buffer.concat([integersRow(key.owner), key.publicKey]);
      },
      load: (number, bytes) => {
        const [owner] = integersOf(bytes.subarray(0, -PUBLIC_KEY_BYTES), 1);
        const publicKey = Uint8Array.from(bytes.subarray(-PUBLIC_KEY_BYTES));
        this.#keys[identity].set(number, { owner: owner!, publicKey });
      },
    }));
  }
}
