// What the ledger holds after a block: members, routes, and who has which numbers.
//
// Number space lies in layers of its own (number-space).
//
// Rules are elsewhere (rules); this file owns the data, its rows and its commitment.

import type { EntryChange, RouteNumber } from '../entry.ts';
import { IDENTITIES, type Identity, lengthOf, type NumberKey } from '../number.ts';
import {
  memberOf,
  memberType,
  memberValue,
  routeOf,
  routeType,
  routeValue,
} from '../record-codec.ts';
import { ROUTES_MAX, type Route } from '../route.ts';
import { AUTHORITY, type MemberRecord } from '../transaction-body.ts';
import { Balances } from './balances.ts';
import { Commitment, type ReadableCommitment } from './commitment.ts';
import { Consortium } from './consortium.ts';
import { NumberSpace } from './number-space.ts';
import { NOT_PORTED } from './ported-map.ts';
import { NO_PREFIX } from './prefix-map.ts';
import { CONTRACTS_MAX, Pricing } from './pricing.ts';
import { Roaming } from './roaming.ts';
import { loadSpaceRow, type TakeRows, takeSpaceRows } from './space-rows.ts';
import { integersOf, integersRow, type Row, type StateTable, type Table } from './tables.ts';
import { TERMINAL_KEYS_MAX, TerminalKeys } from './terminal-keys.ts';

/** Most members, the authority included: the width of a member number in a row of the pool. */
export const MEMBERS_MAX = 1 << 20;

/** Position of a member, from 0 (the authority) in the order of admission. */
export type MemberNumber = number;

export const AUTHORITY_NUMBER: MemberNumber = 0;

/** Sizes past which the state takes nothing more; smaller ones only in tests. */
export interface StateLimits {
  membersMax: number;
  routesMax: number;
  /** Pricing contracts, and as many roaming contracts. */
  contractsMax: number;
  /** Keys of terminals of one identity kind. */
  terminalKeysMax: number;
}

const LIMITS: StateLimits = {
  membersMax: MEMBERS_MAX,
  routesMax: ROUTES_MAX,
  contractsMax: CONTRACTS_MAX,
  terminalKeysMax: TERMINAL_KEYS_MAX,
};

/** Who has a number: a member, the pool, or nobody. */
export type Holder = MemberNumber | 'pool' | undefined;

export class LedgerState {
  readonly limits: StateLimits;
  readonly members: MemberRecord[] = [];
  readonly routes: Route[] = [];
  readonly spaces: Readonly<Record<Identity, NumberSpace>>;
  readonly balances = new Balances();
  readonly pricing = new Pricing();
  readonly roaming = new Roaming();
  readonly consortium = new Consortium();
  readonly terminalKeys = new TerminalKeys();
  readonly #tables: StateTable[] = [
    this.balances,
    this.pricing,
    this.roaming,
    this.terminalKeys,
    this.consortium,
  ].flatMap((each) => each.tables());
  readonly #memberNumbers = new Map<string, MemberNumber>();
  readonly #routeNumbers = new Map<string, RouteNumber>();
  readonly #routeOwners: MemberNumber[] = [];
  readonly #routesOf = new Map<MemberNumber, RouteNumber[]>();
  readonly #sequences: (number | undefined)[] = [];
  readonly #commitment = new Commitment();
  readonly #dirty = {
    members: new Set<number>(),
    sequences: new Set<number>(),
    routes: new Set<number>(),
  };

  constructor(limits: Partial<StateLimits> = {}) {
    this.limits = { ...LIMITS, ...limits };
    this.spaces = { imsi: new NumberSpace('imsi'), msisdn: new NumberSpace('msisdn') };
  }

  /** The state before the first block: nothing but the authority and its key. */
  static genesis(authorityPublicKey: Uint8Array, limits?: Partial<StateLimits>): LedgerState {
    const state = new LedgerState(limits);
    state.addMember({
      id: AUTHORITY,
      name: AUTHORITY,
      publicKey: Uint8Array.from(authorityPublicKey),
      plmns: [],
    });
    return state;
  }

  memberNumber(id: string): MemberNumber | undefined {
    return this.#memberNumbers.get(id);
  }

  /** The number of a member that has not left, or of the authority. */
  presentNumber(id: string): MemberNumber | undefined {
    const number = this.#memberNumbers.get(id);
    return number === undefined || this.consortium.hasLeft(number) ? undefined : number;
  }

  /** How many members there are, the authority and those that have left not counted. */
  get presentCount(): number {
    return this.members.length - 1 - this.consortium.departedCount;
  }

  /** The public key of a member, whether it has left or not, or of the authority. 32 bytes. */
  memberKey(id: string): Uint8Array | undefined {
    const number = this.#memberNumbers.get(id);
    return number === undefined ? undefined : this.members[number]!.publicKey;
  }

  setMemberKey(number: MemberNumber, publicKey: Uint8Array): void {
    this.members[number] = { ...this.members[number]!, publicKey };
    this.#dirty.members.add(number);
  }

  addMember(member: MemberRecord): void {
    const number = this.members.push(member) - 1;
    this.#memberNumbers.set(member.id, number);
    this.#dirty.members.add(number);
  }

  /** The last sequence that a member has used as first signer; −1 before the first. */
  lastSequence(member: MemberNumber): number {
    return this.#sequences[member] ?? -1;
  }

  setSequence(member: MemberNumber, sequence: number): void {
    this.#sequences[member] = sequence;
    this.#dirty.sequences.add(member);
  }

  routeNumber(id: string): RouteNumber | undefined {
    return this.#routeNumbers.get(id);
  }

  /** The member that a route belongs to; routes never change hands. */
  routeOwner(route: RouteNumber): MemberNumber {
    return this.#routeOwners[route]!;
  }

  /** The routes that belong to a member. */
  routesOf(member: MemberNumber): readonly RouteNumber[] {
    return this.#routesOf.get(member) ?? [];
  }

  /** Adds a route, or replaces the one with its id. Its member is known. */
  setRoute(route: Route): RouteNumber {
    const known = this.#routeNumbers.get(route.id);
    const number = known ?? this.routes.length;
    this.routes[number] = route;
    if (known === undefined) {
      const owner = this.#memberNumbers.get(route.member)!;
      this.#routeNumbers.set(route.id, number);
      this.#routeOwners.push(owner);
      const own = this.#routesOf.get(owner);
      if (own) own.push(number);
      else this.#routesOf.set(owner, [number]);
    }
    this.#dirty.routes.add(number);
    return number;
  }

  /** Who has a number of `length` digits when its being ported is left aside. */
  homeOf(identity: Identity, key: NumberKey, length: number): Holder {
    const space = this.spaces[identity];
    const { prefixes, free } = space;
    const run = space.runRoute(key);
    if (run !== undefined) return this.#routeOwners[run];
    if (free.size > 0 && free.find(key)) return 'pool';
    const route = prefixes.find(key, length);
    return route === NO_PREFIX ? undefined : this.#routeOwners[route];
  }

  /** Who has a number of `length` digits. */
  holderOf(identity: Identity, key: NumberKey, length: number): Holder {
    const away = this.spaces[identity].ported.get(key);
    return away === NOT_PORTED ? this.homeOf(identity, key, length) : this.#routeOwners[away];
  }

  /**
   * The public key of the terminal with a number, 32 bytes; `undefined` where the member that has
   * the number has registered none.
   */
  terminalKey(identity: Identity, number: NumberKey): Uint8Array | undefined {
    const known = this.terminalKeys.get(identity, number);
    if (!known) return undefined;
    const holder = this.holderOf(identity, number, lengthOf(number));
    return holder === known.owner ? known.publicKey : undefined;
  }

  /**
   * The rows changed since the last call, brought into the commitment. Their bytes may be views that
   * the next change of the state overwrites.
   */
  takeChangedRows(): Row[] {
    const rows: Row[] = [];
    const take: TakeRows = (table, dirty, bytesOf) => {
      for (const id of dirty) {
        const row = { table, id, bytes: bytesOf(id) };
        this.#commitment.set(row);
        rows.push(row);
      }
      dirty.clear();
    };
    take('members', this.#dirty.members, (id) =>
      memberType.serialize(memberValue(this.members[id]!)),
    );
    take('sequences', this.#dirty.sequences, (id) => integersRow(this.#sequences[id]!));
    take('routes', this.#dirty.routes, (id) => routeType.serialize(routeValue(this.routes[id]!)));
    for (const identity of IDENTITIES) takeSpaceRows(this.spaces[identity], take);
    for (const own of this.#tables) take(own.table, own.dirty, (id) => own.row(id));
    return rows;
  }

  /** The hash over everything, as of the last {@link takeChangedRows}. 32 bytes. */
  appHash(): Uint8Array {
    return this.#commitment.appHash();
  }

  /** From now on, {@link commitmentBefore} gives the commitment as it is now. */
  markCommitment(): void {
    this.#commitment.mark();
  }

  /** The commitment as of the last mark; `undefined` without one. Valid until the state changes. */
  commitmentBefore(): ReadableCommitment | undefined {
    return this.#commitment.before();
  }

  /**
   * Marks the state before some rows were changed to what they are: the commitment is taken back by
   * `before` and forth again. For a state that was just loaded.
   */
  markBefore(changed: readonly Row[], before: readonly Row[]): void {
    for (const row of before) this.#commitment.set(row);
    this.#commitment.mark();
    for (const row of changed) this.#commitment.set(row);
    this.#commitment.appHash();
  }

  /** What {@link appHash} is the sha-256 of: the roots of the tables (commitment). */
  stateBytes(): Uint8Array {
    return this.#commitment.bytes().state;
  }

  /**
   * Takes over a stored row. Tables come in the order of `TABLES`, rows of a table by rising id.
   * Throws a `RangeError` (or what SSZ throws) when the bytes are no row of that table; whether the
   * rows are the right ones is for the app hash to tell.
   */
  loadRow({ table, id, bytes }: { table: Table; id: number; bytes: Uint8Array }): void {
    this.#commitment.set({ table, id, bytes });
    const [name, identity] = table.split(' ') as [string, Identity];
    switch (name) {
      case 'members':
        if (id !== this.members.length) throw new RangeError('a member is missing');
        this.addMember(memberOf(memberType.deserialize(bytes)));
        this.#dirty.members.clear();
        break;
      case 'sequences':
        this.#sequences[id] = integersOf(bytes, 1)[0];
        break;
      case 'routes': {
        const route = routeOf(routeType.deserialize(bytes));
        if (id !== this.routes.length || !this.#memberNumbers.has(route.member)) {
          throw new RangeError('a route, or its member, is missing');
        }
        this.setRoute(route);
        this.#dirty.routes.clear();
        break;
      }
      default: {
        if (loadSpaceRow(this.spaces[identity], name, id, bytes)) break;
        const own = this.#tables.find((each) => each.table === table)!;
        own.load(id, bytes);
        own.dirty.clear();
      }
    }
  }

  /** Every entry of the index, as changes that set it: prefixes, then runs, then ported numbers. */
  *entries(): IterableIterator<EntryChange> {
    for (const identity of IDENTITIES) {
      const space = this.spaces[identity];
      for (const [prefix, route] of space.prefixes.entries()) {
        yield { identity, entry: 'prefix', from: prefix, to: prefix, route };
      }
      yield* space.entries();
    }
  }
}
