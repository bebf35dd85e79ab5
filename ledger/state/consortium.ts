// What the members decide together, and who has left.

import { parametersOf, parametersType, parametersValue } from '../record-codec.ts';
import { ITEMS_MAX } from '../transaction-body.ts';
import type { Parameters } from '../transaction-proposal.ts';
import type { MemberNumber } from './state.ts';
import { integersOf, integersRow, type StateTable } from './tables.ts';

const PARAMETERS = 0;
const SEQUENCE = 1;
const FOUNDED = 2;

/** What holds until the members decide otherwise. */
const DEFAULT_PARAMETERS: Parameters = {
  itemsMax: ITEMS_MAX,
  numbersMax: Number.MAX_SAFE_INTEGER,
  periodMsMin: 1,
  purchaser: '',
};

export class Consortium {
  #parameters = DEFAULT_PARAMETERS;
  /** The last sequence that a proposal has used. */
  #sequence = -1;
  #isFounded = false;
  readonly #departed = new Set<MemberNumber>();
  readonly #dirty = { parameters: new Set<number>(), departures: new Set<MemberNumber>() };

  get parameters(): Readonly<Parameters> {
    return this.#parameters;
  }

  setParameters(parameters: Parameters): void {
    this.#parameters = parameters;
    this.#dirty.parameters.add(PARAMETERS);
  }

  /** The last sequence of a proposal; −1 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  setSequence(sequence: number): void {
    this.#sequence = sequence;
    this.#dirty.parameters.add(SEQUENCE);
  }

  /** Whether the founding is over, in which the authority admits members and assigns prefixes alone. */
  get isFounded(): boolean {
    return this.#isFounded;
  }

  endFounding(): void {
    if (this.#isFounded) return;
    this.#isFounded = true;
    this.#dirty.parameters.add(FOUNDED);
  }

  /** How many members have left. */
  get departedCount(): number {
    return this.#departed.size;
  }

  hasLeft(member: MemberNumber): boolean {
    return this.#departed.has(member);
  }

  leave(member: MemberNumber): void {
    this.#departed.add(member);
    this.#dirty.departures.add(member);
  }

  tables(): StateTable[] {
    return [
      {
        table: 'departures',
        dirty: this.#dirty.departures,
        row: () => Uint8Array.of(1),
        load: (member, bytes) => {
          if (bytes.length !== 1 || bytes[0] !== 1) throw new RangeError('no departure');
          this.#departed.add(member);
        },
      },
      {
        table: 'parameters',
        dirty: this.#dirty.parameters,
        row: (id) => {
          if (id === PARAMETERS) return parametersType.serialize(parametersValue(this.#parameters));
          return id === SEQUENCE ? integersRow(this.#sequence) : Uint8Array.of(1);
        },
        load: (id, bytes) => {
          if (id === PARAMETERS) this.#parameters = parametersOf(parametersType.deserialize(bytes));
          else if (id === SEQUENCE) this.#sequence = integersOf(bytes, 1)[0]!;
          else if (id === FOUNDED && bytes.length === 1 && bytes[0] === 1) this.#isFounded = true;
          else throw new RangeError('no parameters');
        },
      },
    ];
  }
}
