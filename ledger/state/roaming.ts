// Roaming contracts, and what each visited network has done under them.
//
// The tally of a contract and a visited network only grows: units by service, what was paid, how
// many reports; with them what is due and the hash over the transaction ids of all reports, so that
// anybody with the blocks can count again what a tally says.
//
//     0          24        32         40         48              80
//     ┌──────────┬─────────┬──────────┬──────────┬───────────────┐
//     │ units u64│ due u64 │ paid u64 │ reports  │ hash          │   little-endian
//     │ × 3      │         │          │ u64      │               │
//     └──────────┴─────────┴──────────┴──────────┴───────────────┘
//     hash of report n: sha-256(hash of report n − 1 ‖ transaction id); 32 zero bytes before the first

import { roamingOf, roamingType, roamingValue } from '../record-codec.ts';
import { HASH_BYTES } from '../sha256.ts';
import {
  ROAMING_SERVICES,
  type RoamingTerms,
  roamingContractAddress,
} from '../transaction-roaming.ts';
import { Counts } from './counts.ts';
import { type ContractNumber, MEMBER_BASE, partsOf } from './pricing.ts';
import type { MemberNumber } from './state.ts';
import { integersOf, integersRow, type StateTable } from './tables.ts';

const INTEGERS = ROAMING_SERVICES.length + 3;

/** What a visited network has done under a contract. */
export interface RoamingTally {
  /** Units of all time, in the order of ROAMING_SERVICES. */
  units: number[];
  /** What was reported and is not paid. */
  due: number;
  /** What was paid, over all time. */
  paid: number;
  reports: number;
  /** Over the transaction ids of the reports, 32 bytes. */
  hash: Uint8Array;
}

export class Roaming {
  readonly contracts: RoamingTerms[] = [];
  readonly #numbers = new Map<string, ContractNumber>();
  readonly #tallies = new Map<number, RoamingTally>();
  /** How many tallies with something due there are: by visited network, and by contract. */
  readonly #dueTo = new Counts();
  readonly #dueUnder = new Counts();
  /** A member's own contracts. */
  readonly #contractsOf = new Map<string, ContractNumber[]>();
  readonly #dirty = { contracts: new Set<number>(), tallies: new Set<number>() };

  /** The contract at an address: `0x` and 40 hex digits in lower case. */
  contractNumber(address: string): ContractNumber | undefined {
    return this.#numbers.get(address);
  }

  /** The public terms that the address in a routing answer leads to. */
  termsAt(address: string): RoamingTerms | undefined {
    const number = this.#numbers.get(address);
    return number === undefined ? undefined : this.contracts[number];
  }

  addContract(terms: RoamingTerms): void {
    const number = this.contracts.push(terms) - 1;
    this.#numbers.set(roamingContractAddress(terms.member, terms.name), number);
    this.#dirty.contracts.add(number);
    const own = this.#contractsOf.get(terms.member);
    if (own) own.push(number);
    else this.#contractsOf.set(terms.member, [number]);
  }

  tally(contract: ContractNumber, visited: MemberNumber): RoamingTally {
    return (
      this.#tallies.get(contract * MEMBER_BASE + visited) ?? {
        units: ROAMING_SERVICES.map(() => 0),
        due: 0,
        paid: 0,
        reports: 0,
        hash: new Uint8Array(HASH_BYTES),
      }
    );
  }

  setTally(contract: ContractNumber, visited: MemberNumber, tally: RoamingTally): void {
    const id = contract * MEMBER_BASE + visited;
    this.#set(id, tally);
    this.#dirty.tallies.add(id);
  }

  #set(id: number, tally: RoamingTally): void {
    const wasDue = (this.#tallies.get(id)?.due ?? 0) > 0;
    const isDue = tally.due > 0;
    this.#tallies.set(id, tally);
    if (wasDue === isDue) return;
    const [contract, visited] = partsOf(id);
    this.#dueUnder.add(contract, isDue ? 1 : -1);
    this.#dueTo.add(visited, isDue ? 1 : -1);
  }

  /** Whether anything is due to a member, or by it. */
  hasDue(member: MemberNumber, memberId: string): boolean {
    const own = this.#contractsOf.get(memberId) ?? [];
    return this.#dueTo.of(member) > 0 || own.some((contract) => this.#dueUnder.of(contract) > 0);
  }

  tables(): StateTable[] {
    return [
      {
        table: 'roaming contracts',
        dirty: this.#dirty.contracts,
        row: (id) => roamingType.serialize(roamingValue(this.contracts[id]!)),
        load: (id, bytes) => {
          if (id !== this.contracts.length) throw new RangeError('a contract is missing');
          this.addContract(roamingOf(roamingType.deserialize(bytes)));
        },
      },
      {
        table: 'roaming tallies',
        dirty: this.#dirty.tallies,
        row: (id) => {
          const { units, due, paid, reports, hash } = this.#tallies.get(id)!;
          return Buffer.concat([integersRow(...units, due, paid, reports), hash]);
        },
        load: (id, bytes) => {
          const integers = integersOf(bytes.subarray(0, -HASH_BYTES), INTEGERS);
          const [due, paid, reports] = integers.splice(ROAMING_SERVICES.length);
          const hash = Uint8Array.from(bytes.subarray(-HASH_BYTES));
          this.#set(id, { units: integers, due: due!, paid: paid!, reports: reports!, hash });
        },
      },
    ];
  }
}
