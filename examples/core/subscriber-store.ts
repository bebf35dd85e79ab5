// The user data of one data management element.
//
//     segments                      by index: segment by base, place by subtraction, one comparison
//     ┌──────────────┬──────────────────────────────────────┐
//     │ base 1000    │ records of places 1000, 1001, 1002 … │   opened with a run of numbers
//     ├──────────────┼──────────────────────────────────────┤
//     │ base 5000    │ records of places 5000, 5001 …       │
//     └──────────────┴──────────────────────────────────────┘
//     by number: a map from IMSI, and one from MSISDN, to the record
//
// A route may tell where a record lies (its base, and the number's offset in its entry). That is a hint: a
// record found by it counts only if it is of the number that was asked for. Where it is another's, or
// there is none, the number is looked up.

import type { Plmn } from '../../ledger/route.ts';
import type { FoundBy } from './operations.ts';
import { isSamePlmn } from './plmn-codec.ts';

/** Most places of one segment, so that a wrong index costs no memory. */
export const SEGMENT_PLACES_MAX = 1_000_000;

export interface Subscriber {
  imsi: string;
  msisdn: string;
  /** 32 bytes of ed25519 in hexadecimal: the terminal's, as the ledger has it. */
  publicKey: string;
  /** Networks in which the user may not roam. */
  barredNetworks: readonly Plmn[];
  /** Where it is registered. */
  location?: { servingNetwork: Plmn; servingNode: string } | undefined;
}

export interface Found {
  subscriber: Subscriber;
  foundBy: FoundBy;
}

export class SubscriberStore {
  readonly #segments: { base: number; records: (Subscriber | undefined)[] }[] = [];
  readonly #byImsi = new Map<string, Subscriber>();
  readonly #byMsisdn = new Map<string, Subscriber>();

  /** Opens an account; with a place, so that it is found by its index. */
  open(subscriber: Subscriber, base?: number, offset = 0): void {
    this.#byImsi.set(subscriber.imsi, subscriber);
    this.#byMsisdn.set(subscriber.msisdn, subscriber);
    if (base === undefined) return;
    if (offset < 0 || offset >= SEGMENT_PLACES_MAX) throw new RangeError(`place ${offset}`);
    let segment = this.#segments.find((one) => one.base === base);
    if (!segment) {
      segment = { base, records: [] };
      this.#segments.push(segment);
    }
    segment.records[offset] = subscriber;
  }

  /** Deletes the user data of an IMSI; whether there was some. */
  delete(imsi: string): boolean {
    const subscriber = this.#byImsi.get(imsi);
    if (!subscriber) return false;
    this.#byImsi.delete(imsi);
    this.#byMsisdn.delete(subscriber.msisdn);
    for (const { records } of this.#segments) {
      const place = records.indexOf(subscriber);
      if (place >= 0) records[place] = undefined;
    }
    return true;
  }

  find(identity: 'imsi' | 'msisdn', digits: string, index: number | undefined): Found | undefined {
    const hinted = index === undefined ? undefined : this.#at(index);
    if (hinted && hinted[identity] === digits) return { subscriber: hinted, foundBy: 'index' };
    const known = (identity === 'imsi' ? this.#byImsi : this.#byMsisdn).get(digits);
    return known && { subscriber: known, foundBy: 'number' };
  }

  #at(index: number): Subscriber | undefined {
    const segment = this.#segments.find(
      ({ base, records }) => index >= base && index < base + records.length,
    );
    return segment?.records[index - segment.base];
  }
}

/** Whether a network may serve the user. */
export function mayRoam({ barredNetworks }: Subscriber, network: Plmn): boolean {
  return !barredNetworks.some((barred) => isSamePlmn(barred, network));
}
