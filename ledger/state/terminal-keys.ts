// The public keys of terminals, by number. A row has the member that registered the key, u64
// little-endian, and 32 bytes of key.
//
// The key of a number ends when the number goes to another member or to the pool. Where a number
// changes hands without a transaction of its own, because its prefix is assigned to another member, the
// key stays but counts no more: it names who registered it.

import { PUBLIC_KEY_BYTES } from '../ed25519.ts';
import { IDENTITIES, type Identity, type NumberKey } from '../number.ts';
import { bucketOf, IntervalMap } from './interval-map.ts';
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
  /** By identity: the numbers with a key in each bucket, and the buckets in order. */
  readonly #buckets: Record<Identity, Map<number, Set<NumberKey>>> = {
    imsi: new Map(),
    msisdn: new Map(),
  };
  readonly #order: Record<Identity, IntervalMap> = {
    imsi: new IntervalMap(),
    msisdn: new IntervalMap(),
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
    this.#dirty[identity].add(number);
    const keys = this.#keys[identity];
    const isNew = !keys.has(number);
    keys.set(number, key);
    if (!isNew) return;
    const id = bucketOf(number);
    const bucket = this.#buckets[identity].get(id);
    if (bucket) {
      bucket.add(number);
      return;
    }
    this.#buckets[identity].set(id, new Set([number]));
    this.#order[identity].insert(id, id, 0);
  }

  delete(identity: Identity, number: NumberKey): void {
    if (!this.#keys[identity].delete(number)) return;
    this.#dirty[identity].add(number);
    const id = bucketOf(number);
    const bucket = this.#buckets[identity].get(id)!;
    bucket.delete(number);
    if (bucket.size > 0) return;
    this.#buckets[identity].delete(id);
    this.#order[identity].remove(id, id);
  }

  /** Ends the keys of a range of numbers. */
  deleteRange(identity: Identity, from: NumberKey, to: NumberKey): void {
    if (this.#keys[identity].size === 0) return;
    const ids = [...this.#order[identity].between(bucketOf(from), bucketOf(to))];
    for (const { start: id } of ids) {
      for (const number of [...this.#buckets[identity].get(id)!]) {
        if (number >= from && number <= to) this.delete(identity, number);
      }
    }
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
        this.set(identity, number, { owner: owner!, publicKey });
      },
    }));
  }
}
