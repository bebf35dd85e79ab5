// Pricing contracts, and what members occupy under them.
//
// The periods of a contract begin at multiples of its length since 1970, the same for everyone, so
// that no number needs a date of its own: one occupation for each member and contract says what all
// of the member's numbers cost for a period, up to which period that has been charged, and what is
// due of it. A number costs a whole period for each one in which it is occupied:
//
//     period      p            p + 1          p + 2
//     ┌──────────────┬──────────────┬──────────────
//          ▲ allocated: the price at once    ▲ settled: the prices of p + 1 and p + 2
//
// Who takes a number over pays from the next period on; who releases it gets nothing back.

import { lengthOf, type NumberKey } from '../number.ts';
import { pricingOf, pricingType, pricingValue } from '../record-codec.ts';
import type { KeyRange } from '../transaction-body.ts';
import type { PricingTerms } from '../transaction-money.ts';
import { Counts } from './counts.ts';
import type { NumberSpace } from './number-space.ts';
import { NO_PREFIX, PrefixMap } from './prefix-map.ts';
import type { MemberNumber } from './state.ts';
import { integersOf, integersRow, type StateTable } from './tables.ts';

/** Most contracts of a sort: the width of a contract number in a row. */
export const CONTRACTS_MAX = 1 << 20;

/** Position of a contract, from 0 in the order of creation. */
export type ContractNumber = number;

/** The member's part of the id of a row that belongs to a contract and a member. */
export const MEMBER_BASE = 1 << 20;

/** What a member occupies under a contract. */
export interface Occupation {
  /** What all of it costs for a period. */
  rate: number;
  /** The last period that was charged. */
  through: number;
  /** What was charged and is not paid; at most 2^53 − 1, whatever was charged beyond. */
  due: number;
}

/** Numbers under one contract: how many, and what they cost for a period; Infinity beyond 2^53 − 1. */
export interface Charge {
  contract: ContractNumber;
  count: number;
  rate: number;
}

export class Pricing {
  readonly contracts: PricingTerms[] = [];
  readonly #numbers = new Map<string, ContractNumber>();
  /** Prices by prefix, for contracts with tariffs. */
  readonly #tariffs: (PrefixMap | undefined)[] = [];
  readonly #occupations = new Map<number, Occupation>();
  /** The contracts that a member occupies numbers under, or owes for. */
  readonly #occupied = new Map<MemberNumber, Set<ContractNumber>>();
  /** How many members do, by contract. */
  readonly #occupants = new Counts();
  /** A member's own contracts. */
  readonly #contractsOf = new Map<string, ContractNumber[]>();
  readonly #dirty = { contracts: new Set<number>(), occupations: new Set<number>() };

  contractNumber(id: string): ContractNumber | undefined {
    return this.#numbers.get(id);
  }

  addContract(terms: PricingTerms): ContractNumber {
    const number = this.contracts.push(terms) - 1;
    this.#numbers.set(terms.contract, number);
    const own = this.#contractsOf.get(terms.member);
    if (own) own.push(number);
    else this.#contractsOf.set(terms.member, [number]);
    this.#dirty.contracts.add(number);
    if (terms.tariffs.length > 0) {
      const prices = new PrefixMap();
      for (const { prefix, price } of terms.tariffs) prices.set(prefix, price);
      this.#tariffs[number] = prices;
    }
    return number;
  }

  /** What ranges of numbers cost for a period, contract by contract in the order of numbers. */
  chargesOf(space: NumberSpace, ranges: readonly KeyRange[]): Charge[] {
    if (space.priced.size === 0) return [];
    const charges = new Map<ContractNumber, Charge>();
    for (const { from, to } of ranges) {
      for (const { start, end, value: contract } of space.priced.overlapping(from, to)) {
        const charge = charges.get(contract) ?? { contract, count: 0, rate: 0 };
        charges.set(contract, charge);
        const [first, last] = [Math.max(start, from), Math.min(end, to)];
        charge.count += last - first + 1;
        charge.rate = safe(charge.rate + this.#rateOf(contract, first, last));
      }
    }
    return [...charges.values()];
  }

  /** What a member occupies, charged up to the period of a time. */
  occupation(contract: ContractNumber, member: MemberNumber, timeMs: number): Occupation {
    const { periodMs } = this.contracts[contract]!;
    const period = Math.floor(timeMs / periodMs);
    const known = this.#occupations.get(contract * MEMBER_BASE + member);
    if (!known) return { rate: 0, through: period, due: 0 };
    const { rate, through, due } = known;
    if (period <= through) return { rate, through, due };
    const charged = due + rate * (period - through);
    return { rate, through: period, due: Math.min(charged, Number.MAX_SAFE_INTEGER) };
  }

  setOccupation(contract: ContractNumber, member: MemberNumber, occupation: Occupation): void {
    const id = contract * MEMBER_BASE + member;
    if (occupation.rate === 0 && occupation.due === 0) this.#delete(id);
    else this.#set(id, occupation);
    this.#dirty.occupations.add(id);
  }

  /** The contracts of a member, by its id. */
  contractsOf(member: string): readonly ContractNumber[] {
    return this.#contractsOf.get(member) ?? [];
  }

  /** Whether a member occupies anything, or owes for it. */
  isOccupant(member: MemberNumber): boolean {
    return this.#occupied.has(member);
  }

  /** How many members occupy numbers under a contract, or owe for them. */
  occupantCount(contract: ContractNumber): number {
    return this.#occupants.of(contract);
  }

  /** What a member owes under all contracts at a time; Infinity beyond 2^53 − 1. */
  dueOf(member: MemberNumber, timeMs: number): number {
    let due = 0;
    for (const contract of this.#occupied.get(member) ?? []) {
      due = safe(due + this.occupation(contract, member, timeMs).due);
    }
    return due;
  }

  #set(id: number, occupation: Occupation): void {
    if (!this.#occupations.has(id)) {
      const [contract, member] = partsOf(id);
      this.#occupants.add(contract, 1);
      const occupied = this.#occupied.get(member);
      if (occupied) occupied.add(contract);
      else this.#occupied.set(member, new Set([contract]));
    }
    this.#occupations.set(id, occupation);
  }

  #delete(id: number): void {
    if (!this.#occupations.delete(id)) return;
    const [contract, member] = partsOf(id);
    this.#occupants.add(contract, -1);
    const occupied = this.#occupied.get(member)!;
    occupied.delete(contract);
    if (occupied.size === 0) this.#occupied.delete(member);
  }

  /** Every occupation that is not nothing, as it was last charged. */
  *occupations(): IterableIterator<
    Occupation & { contract: ContractNumber; member: MemberNumber }
  > {
    for (const [id, occupation] of this.#occupations) {
      const [contract, member] = partsOf(id);
      yield { ...occupation, contract, member };
    }
  }

  tables(): StateTable[] {
    return [
      {
        table: 'pricing contracts',
        dirty: this.#dirty.contracts,
        row: (id) => pricingType.serialize(pricingValue(this.contracts[id]!)),
        load: (id, bytes) => {
          if (id !== this.contracts.length) throw new RangeError('a contract is missing');
          this.addContract(pricingOf(pricingType.deserialize(bytes)));
        },
      },
      {
        table: 'occupations',
        dirty: this.#dirty.occupations,
        row: (id) => {
          const known = this.#occupations.get(id);
          return known && integersRow(known.rate, known.through, known.due);
        },
        load: (id, bytes) => {
          const [rate, through, due] = integersOf(bytes, 3) as [number, number, number];
          this.#set(id, { rate, through, due });
        },
      },
    ];
  }

  #rateOf(contract: ContractNumber, from: NumberKey, to: NumberKey): number {
    const { price } = this.contracts[contract]!;
    const tariffs = this.#tariffs[contract];
    if (!tariffs) return (to - from + 1) * price;
    if (from === to) return priceOr(tariffs.find(from, lengthOf(from)), price);
    let rate = 0;
    for (const stretch of tariffs.stretches(from, to)) {
      rate += (stretch.to - stretch.from + 1) * priceOr(stretch.route, price);
      if (rate > Number.MAX_SAFE_INTEGER) break;
    }
    return rate;
  }
}

/** Contract and member of a row that belongs to both. */
export function partsOf(id: number): [ContractNumber, MemberNumber] {
  const contract = Math.floor(id / MEMBER_BASE);
  return [contract, id - contract * MEMBER_BASE];
}

function priceOr(found: number, price: number): number {
  return found === NO_PREFIX ? price : found;
}

/** An amount that is exact, or Infinity. */
function safe(amount: number): number {
  return amount > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : amount;
}
