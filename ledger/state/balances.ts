// The money of the members, in the smallest unit of the consortium's currency.
//
// Money comes in by deposits, goes out by withdrawals and moves between members by everything else:
// the sum of the balances is always what was deposited less what was withdrawn. No balance is ever
// below 0, and no sum of money beyond 2^53 − 1.

import type { MemberNumber } from './state.ts';
import { integersOf, integersRow, type StateTable } from './tables.ts';

const DEPOSITED = 0;
const WITHDRAWN = 1;

export class Balances {
  readonly #balances = new Map<MemberNumber, number>();
  readonly #totals = [0, 0];
  readonly #dirty = { balances: new Set<number>(), totals: new Set<number>() };

  /** What a member has. */
  of(member: MemberNumber): number {
    return this.#balances.get(member) ?? 0;
  }

  /** All that was ever deposited. */
  get deposited(): number {
    return this.#totals[DEPOSITED]!;
  }

  /** All that was ever withdrawn. */
  get withdrawn(): number {
    return this.#totals[WITHDRAWN]!;
  }

  /** Whether so much more can be deposited. */
  takes(amount: number): boolean {
    return amount <= Number.MAX_SAFE_INTEGER - this.deposited;
  }

  deposit(member: MemberNumber, amount: number): void {
    this.#add(member, amount);
    this.#count(DEPOSITED, amount);
  }

  /** The balance covers it. */
  withdraw(member: MemberNumber, amount: number): void {
    this.#add(member, -amount);
    this.#count(WITHDRAWN, amount);
  }

  /** The payer's balance covers it. */
  pay(payer: MemberNumber, payee: MemberNumber, amount: number): void {
    if (amount === 0) return;
    this.#add(payer, -amount);
    this.#add(payee, amount);
  }

  /** The members with money, and what they have. */
  entries(): IterableIterator<[MemberNumber, number]> {
    return this.#balances.entries();
  }

  tables(): StateTable[] {
    return [
      {
        table: 'balances',
        dirty: this.#dirty.balances,
        row: (id) => (this.of(id) === 0 ? undefined : integersRow(this.of(id))),
        load: (id, bytes) => {
          this.#balances.set(id, integersOf(bytes, 1)[0]!);
        },
      },
      {
        table: 'totals',
        dirty: this.#dirty.totals,
        row: (id) => (this.#totals[id] === 0 ? undefined : integersRow(this.#totals[id]!)),
        load: (id, bytes) => {
          if (id > WITHDRAWN) throw new RangeError('no total');
          this.#totals[id] = integersOf(bytes, 1)[0]!;
        },
      },
    ];
  }

  #count(total: number, amount: number): void {
    this.#totals[total]! += amount;
    this.#dirty.totals.add(total);
  }

  #add(member: MemberNumber, amount: number): void {
    const balance = this.of(member) + amount;
    // Rules have looked before; money out of nothing must never be stored.
    if (balance < 0 || !Number.isSafeInteger(balance)) throw new RangeError('no such balance');
    if (balance === 0) this.#balances.delete(member);
    else this.#balances.set(member, balance);
    this.#dirty.balances.add(member);
  }
}
