// The seam between ledger and index: random transactions of every kind, valid or not, are executed;
// the changes they give are applied to an index, and index and ledger say of every single number
// what the flows of the domain say of it.
//
// The model knows each number by itself: whose it is at home, whether it lies in the pool, and who
// has it now. It shares no code with the ledger's rules.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EntryChange } from '../../ledger/entry.ts';
import { IDENTITIES, type Identity, parseDigits } from '../../ledger/number.ts';
import { LedgerState } from '../../ledger/state/state.ts';
import { executeBlock, type ReceivedTransaction } from '../../ledger/state/state-machine.ts';
import { authorityPublicKey, member, route } from '../../ledger/test/consortium.ts';
import { randomFrom, seed } from '../../ledger/test/seed.ts';
import type { KeyRange, TransactionBody } from '../../ledger/transaction-body.ts';
import { contentHash } from '../../wasm/content-hash.ts';
import type { IndexEntry, NumberIndex } from '../../wasm/number-index.ts';
import { ReferenceIndex } from '../../wasm/reference-index.ts';
import { createWasmIndex } from '../../wasm/wasm-index.ts';

const BLOCKS = 300;
const TRANSACTIONS_MAX = 12;
/** Every so many blocks the index is built anew from the state. */
const REBUILD_BLOCKS = 25;
const INDEX_BYTES_MAX = 64 << 20;
const MEMBERS = ['a', 'b', 'c', 'd'];
const ROUTES_PER_MEMBER = 3;

/** Every number of 1 to 4 digits: prefixes, runs and ported numbers nest and touch often. */
const DIGITS = 4;

/** One run of one allocation, or what was not released of it. */
interface Run {
  from: number;
  to: number;
  route: string;
}

/** What the domain says of the numbers of one identity kind. */
class NumberModel {
  readonly prefixes = new Map<string, string>();
  readonly free = new Set<number>();
  readonly runs = new Map<number, Run>();
  /** The route of each allocated number, which may be another than that of its run. */
  readonly leads = new Map<number, string>();
  readonly ported = new Map<number, string>();

  prefixOf(digits: string): string | undefined {
    for (let length = digits.length; length > 0; length--) {
      if (this.prefixes.has(digits.slice(0, length))) return digits.slice(0, length);
    }
    return undefined;
  }

  /** Takes over stretches of allocated numbers as runs; a run leads where all of its numbers do. */
  setRuns(stretches: readonly Run[]): void {
    for (const run of stretches) {
      const leads = new Set(numbersOf(run).map((key) => this.leads.get(key)!));
      const [only] = leads;
      if (leads.size === 1) run.route = only!;
      for (const key of numbersOf(run)) this.runs.set(key, run);
    }
  }

  /** The numbers around one that lead elsewhere than their run, to the same route. */
  partOf(key: number): Run | undefined {
    const run = this.runs.get(key);
    const route = this.leads.get(key);
    if (!run || route === undefined || route === run.route) return undefined;
    let [from, to] = [key, key];
    while (from > run.from && this.leads.get(from - 1) === route) from--;
    while (to < run.to && this.leads.get(to + 1) === route) to++;
    return { from, to, route };
  }
}

class ConsortiumModel {
  readonly members = new Set<string>();
  /** Whether numbers have been used: from then on members join, and get prefixes, together. */
  isFounded = false;
  /** The member of each route. */
  readonly routes = new Map<string, string>();
  /** Route ids in the order of their declaration. */
  readonly routeIds: string[] = [];
  readonly spaces: Record<Identity, NumberModel> = {
    imsi: new NumberModel(),
    msisdn: new NumberModel(),
  };

  /** The member that a number belongs to while it is not ported; 'pool' where none has taken it. */
  homeOf(identity: Identity, key: number): string | undefined {
    const { leads, free, prefixes } = this.spaces[identity];
    const lead = leads.get(key);
    if (lead !== undefined) return this.routes.get(lead);
    if (free.has(key)) return 'pool';
    const prefix = this.spaces[identity].prefixOf(String(key).slice(1));
    return prefix && this.routes.get(prefixes.get(prefix)!);
  }

  /** Carries a well-formed body out and tells whether it was allowed. */
  apply(body: TransactionBody): boolean {
    const isAllowed = this.carryOut(body);
    const founding = ['admit-members', 'declare-routes', 'assign-prefixes'];
    if (isAllowed && !founding.includes(body.kind)) this.isFounded = true;
    return isAllowed;
  }

  carryOut(body: TransactionBody): boolean {
    switch (body.kind) {
      case 'join-member': {
        if (this.members.has(body.member.id)) return false;
        this.members.add(body.member.id);
        return true;
      }
      case 'admit-members': {
        if (this.isFounded || body.members.some(({ id }) => this.members.has(id))) return false;
        for (const { id } of body.members) this.members.add(id);
        return true;
      }
      case 'declare-routes': {
        const isOwn = body.routes.every(
          (each) =>
            each.member === body.member &&
            (this.routes.get(each.id) ?? body.member) === body.member,
        );
        if (!this.members.has(body.member) || !isOwn) return false;
        for (const { id } of body.routes) {
          if (!this.routes.has(id)) this.routeIds.push(id);
          this.routes.set(id, body.member);
        }
        return true;
      }
      case 'grant-prefixes':
      case 'assign-prefixes': {
        if (body.kind === 'assign-prefixes' && this.isFounded) return false;
        if (body.assignments.some((each) => !this.routes.has(each.route))) return false;
        for (const { route, prefixes } of body.assignments) {
          for (const key of prefixes) {
            this.spaces[body.identity].prefixes.set(String(key).slice(1), route);
          }
        }
        return true;
      }
      case 'inject-pool': {
        const { free, runs, ported } = this.spaces[body.identity];
        const numbers = body.ranges.flatMap(numbersOf);
        const isAllowed =
          this.members.has(body.member) &&
          numbers.every(
            (key) =>
              !runs.has(key) && !ported.has(key) && this.homeOf(body.identity, key) === body.member,
          );
        if (isAllowed) for (const key of numbers) free.add(key);
        return isAllowed;
      }
      case 'allocate': {
        const { free, leads } = this.spaces[body.identity];
        const isAllowed =
          this.members.has(body.member) &&
          this.routes.get(body.route) === body.member &&
          body.ranges.flatMap(numbersOf).every((key) => free.has(key));
        if (!isAllowed) return false;
        for (const { from, to } of stretchesOf(body.ranges.flatMap(numbersOf))) {
          const run = { from, to, route: body.route };
          for (const key of numbersOf(run)) {
            free.delete(key);
            leads.set(key, body.route);
          }
          this.spaces[body.identity].setRuns([run]);
        }
        return true;
      }
      case 'port': {
        const { ported } = this.spaces[body.identity];
        const holderOf = (key: number) => {
          const away = ported.get(key);
          return away === undefined ? this.homeOf(body.identity, key) : this.routes.get(away);
        };
        const isAllowed =
          this.members.has(body.donor) &&
          this.routes.get(body.route) === body.recipient &&
          body.numbers.every((key) => holderOf(key) === body.donor);
        if (!isAllowed) return false;
        for (const key of body.numbers) {
          if (this.homeOf(body.identity, key) === body.recipient) ported.delete(key);
          else ported.set(key, body.route);
        }
        return true;
      }
      case 'transfer': {
        const space = this.spaces[body.identity];
        const numbers = body.ranges.flatMap(numbersOf);
        const isAllowed =
          this.members.has(body.transferor) &&
          this.routes.get(body.route) === body.recipient &&
          numbers.every(
            (key) =>
              space.runs.has(key) &&
              !space.ported.has(key) &&
              this.homeOf(body.identity, key) === body.transferor,
          );
        if (isAllowed) this.lead(space, numbers, body.route);
        return isAllowed;
      }
      case 'change-route': {
        const space = this.spaces[body.identity];
        const numbers = body.ranges.flatMap(numbersOf);
        const isOwn = (id: string | undefined) => id !== undefined && this.isOf(body.member, id);
        const isAllowed =
          isOwn(body.route) &&
          body.prefixes.every((key) => isOwn(space.prefixes.get(String(key).slice(1)))) &&
          numbers.every((key) => isOwn(space.leads.get(key))) &&
          body.numbers.every((key) => isOwn(space.ported.get(key)));
        if (!isAllowed) return false;
        for (const key of body.prefixes) space.prefixes.set(String(key).slice(1), body.route);
        for (const key of body.numbers) space.ported.set(key, body.route);
        this.lead(space, numbers, body.route);
        return true;
      }
      case 'release': {
        const space = this.spaces[body.identity];
        const numbers = body.ranges.flatMap(numbersOf);
        const isAllowed = numbers.every(
          (key) =>
            space.runs.has(key) &&
            !space.ported.has(key) &&
            this.homeOf(body.identity, key) === body.member,
        );
        if (!isAllowed) return false;
        const touched = new Set(numbers.map((key) => space.runs.get(key)!));
        for (const key of numbers) {
          space.runs.delete(key);
          space.leads.delete(key);
          space.free.add(key);
        }
        for (const run of touched) {
          const left = numbersOf(run).filter((key) => space.leads.has(key));
          space.setRuns(stretchesOf(left).map((stretch) => ({ ...stretch, route: run.route })));
        }
        return true;
      }
      default:
        throw new TypeError((body as TransactionBody).kind);
    }
  }

  isOf(member: string, route: string): boolean {
    return this.members.has(member) && this.routes.get(route) === member;
  }

  lead(space: NumberModel, numbers: readonly number[], route: string): void {
    for (const key of numbers) space.leads.set(key, route);
    space.setRuns([...new Set(numbers.map((key) => space.runs.get(key)!))]);
  }

  /** Everything that covers a number, the winner first. */
  explain(identity: Identity, key: number): IndexEntry[] {
    const { prefixes, runs, ported } = this.spaces[identity];
    const covering: IndexEntry[] = [];
    const add = (entry: IndexEntry['entry'], from: number, to: number, id: string): void => {
      covering.push({ entry, from, to, route: this.routeIds.indexOf(id) });
    };
    const away = ported.get(key);
    if (away !== undefined) add('ported', key, key, away);
    const part = this.spaces[identity].partOf(key);
    // One number alone is a ported entry, which that of a port takes the place of.
    if (part && part.from < part.to) add('fragmented', part.from, part.to, part.route);
    else if (part && away === undefined) add('ported', key, key, part.route);
    const run = runs.get(key);
    if (run) add('fragmented', run.from, run.to, run.route);
    const digits = String(key).slice(1);
    for (let length = digits.length; length > 0; length--) {
      const prefix = digits.slice(0, length);
      const id = prefixes.get(prefix);
      if (id !== undefined) add('prefix', parseDigits(prefix)!, parseDigits(prefix)!, id);
    }
    return covering;
  }
}

function numbersOf({ from, to }: KeyRange): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

/** Rising numbers as the stretches without a gap that they are. */
function stretchesOf(numbers: readonly number[]): KeyRange[] {
  const stretches: KeyRange[] = [];
  for (const key of numbers) {
    const last = stretches.at(-1);
    if (last && last.to + 1 === key) last.to = key;
    else stretches.push({ from: key, to: key });
  }
  return stretches;
}

/** Draws bodies that are well-formed and about as often allowed as not. */
function bodiesFrom(random: () => number, model: ConsortiumModel): () => TransactionBody {
  const draw = (below: number): number => Math.floor(random() * below);
  const oneOf = <T>(items: readonly T[]): T => items[draw(items.length)]!;
  const routeOf = (owner: string): string => `${owner}${draw(ROUTES_PER_MEMBER)}`;
  const rising = (keys: number[]): number[] => [...new Set(keys)].sort((x, y) => x - y);
  const many = <T>(countMax: number, make: () => T): T[] =>
    Array.from({ length: 1 + draw(countMax) }, make);
  /** Most choices fall into a hundredth of the numbers, so that they meet. */
  const number = (): number => {
    const digits = random() < 0.8 ? DIGITS : 1 + draw(DIGITS);
    const below = random() < 0.8 ? 3 : 10;
    const text = Array.from({ length: digits }, (_, at) => draw(at < 2 ? below : 10)).join('');
    return parseDigits(text)!;
  };
  const ranges = (): KeyRange[] => {
    const stretches = rising(many(3, number)).map((from) => {
      const last = 2 * 10 ** (String(from).length - 1) - 1;
      return { from, to: Math.min(from + draw(30), last) };
    });
    return stretches.filter(({ from }, at) => at === 0 || from > stretches[at - 1]!.to);
  };
  /** Touching ranges of free numbers, where there are some. */
  const freeRanges = (identity: Identity): KeyRange[] => {
    const free = rising([...model.spaces[identity].free]);
    if (free.length === 0 || random() < 0.3) return ranges();
    const start = draw(free.length);
    return stretchesOf(free.slice(start, start + 1 + draw(40))).flatMap(({ from, to }) => {
      const middle = from + draw(to - from + 1);
      return middle < to && random() < 0.5
        ? [
            { from, to: middle },
            { from: middle + 1, to },
          ]
        : [{ from, to }];
    });
  };

  const approvers = (): string[] => [...model.members].sort();
  const isTogether = (): boolean => model.isFounded && random() < 0.9;
  const newMember = (): TransactionBody => {
    if (!isTogether()) return { kind: 'admit-members', members: [member(oneOf(MEMBERS))] };
    // The founders may all be there already.
    const id = random() < 0.5 ? oneOf(MEMBERS) : `m${draw(20)}`;
    return { kind: 'join-member', member: member(id), approvers: approvers() };
  };

  return () => {
    const identity = oneOf(IDENTITIES);
    const owner = oneOf(MEMBERS);
    switch (draw(18)) {
      case 0:
        return newMember();
      case 1: {
        const ids = [...new Set(many(2, () => routeOf(random() < 0.9 ? owner : oneOf(MEMBERS))))];
        const routes = ids.map((id) => route(id, owner, { port: 1 + draw(65_535) }));
        return { kind: 'declare-routes', member: owner, routes };
      }
      case 2: {
        const assignments = many(2, () => ({
          route: routeOf(oneOf(MEMBERS)),
          prefixes: rising(many(3, () => Math.floor(number() / 10 ** draw(3)))).filter(
            (key) => key >= 10,
          ),
        })).filter(({ prefixes }) => prefixes.length > 0);
        const [first, second] = assignments;
        if (!first) return newMember();
        const apart = second?.prefixes.filter((key) => !first.prefixes.includes(key)) ?? [];
        const all = apart.length > 0 ? [first, { ...second!, prefixes: apart }] : [first];
        return isTogether()
          ? { kind: 'grant-prefixes', identity, assignments: all, approvers: approvers() }
          : { kind: 'assign-prefixes', identity, assignments: all };
      }
      case 3:
      case 4:
      case 5: {
        const wished = ranges();
        const home = model.homeOf(identity, wished[0]!.from);
        const by = home !== undefined && home !== 'pool' && random() < 0.8 ? home : owner;
        return { kind: 'inject-pool', member: by, identity, ranges: wished };
      }
      case 6:
      case 7:
        return {
          kind: 'allocate',
          member: owner,
          identity,
          ranges: freeRanges(identity),
          route: routeOf(random() < 0.95 ? owner : oneOf(MEMBERS)),
        };
      case 8:
      case 9:
      case 10:
      case 11:
      case 12: {
        const { runs, leads } = model.spaces[identity];
        const allocated = rising([...leads.keys()]);
        const run = runs.get(allocated[draw(allocated.length)] ?? 0);
        const start = draw(allocated.length);
        const some = allocated.slice(start, start + 1 + draw(12)).filter(() => random() < 0.8);
        const wished = run && random() < 0.3 ? [run] : stretchesOf(some);
        const taken = (wished.length > 0 ? wished : ranges()).map(({ from, to }) => ({ from, to }));
        const lead = leads.get(taken[0]!.from);
        const holder = (lead && model.routes.get(lead)) ?? owner;
        const kind = oneOf(['transfer', 'transfer', 'change-route', 'release'] as const);
        if (kind === 'release') return { kind, member: holder, identity, ranges: taken };
        if (kind === 'change-route') {
          const { prefixes, ported } = model.spaces[identity];
          const known = [...prefixes.keys()].map((digits) => parseDigits(digits)!);
          const away = [...ported.keys()];
          return {
            kind,
            member: holder,
            identity,
            route: routeOf(holder),
            prefixes: known.length > 0 && random() < 0.3 ? [oneOf(known)] : [],
            ranges: taken,
            numbers: away.length > 0 && random() < 0.3 ? [oneOf(away)] : [],
          };
        }
        // Half of the time to the member that the run leads to: parts come and go.
        const back = model.routes.get(runs.get(taken[0]!.from)?.route ?? '');
        const wish = back !== undefined && random() < 0.5 ? back : oneOf(MEMBERS);
        const recipient = wish === holder ? MEMBERS.find((id) => id !== holder)! : wish;
        const route = routeOf(recipient);
        return { kind, identity, ranges: taken, transferor: holder, recipient, route };
      }
      default: {
        const { ported, runs } = model.spaces[identity];
        const known = [...(random() < 0.5 ? ported : runs).keys()];
        const numbers = rising(
          many(3, () => (known.length > 0 && random() < 0.6 ? oneOf(known) : number())),
        );
        const away = ported.get(numbers[0]!);
        const home = model.homeOf(identity, numbers[0]!);
        const holder = away === undefined ? home : model.routes.get(away);
        const donor = holder !== undefined && holder !== 'pool' ? holder : owner;
        const isHomeward = home !== undefined && home !== 'pool' && random() < 0.4;
        const wished = isHomeward ? home : oneOf(MEMBERS);
        const recipient = wished === donor ? MEMBERS.find((id) => id !== donor)! : wished;
        return { kind: 'port', identity, numbers, donor, recipient, route: routeOf(recipient) };
      }
    }
  };
}

const numbersOfAllLengths = Array.from({ length: DIGITS }, (_, at) =>
  numbersOf({ from: 10 ** (at + 1), to: 2 * 10 ** (at + 1) - 1 }),
).flat();

function named(changes: Iterable<EntryChange>): string[] {
  return Array.from(changes, ({ identity, entry, from, to, route: by }) =>
    [identity, entry, from, to, by].join(' '),
  ).sort();
}

/** An index that is built from the state alone has the content of those that took every change. */
function assertRebuiltIsSame(state: LedgerState, indexes: Record<Identity, NumberIndex[]>): void {
  for (const identity of IDENTITIES) {
    const rebuilt = createWasmIndex({ memoryBytesMax: INDEX_BYTES_MAX });
    rebuilt.apply([...state.entries()].filter((entry) => entry.identity === identity));
    const expected = Buffer.from(contentHash(rebuilt)).toString('hex');
    for (const index of indexes[identity]) {
      assert.equal(Buffer.from(contentHash(index)).toString('hex'), expected);
    }
  }
}

describe('the entry changes of blocks', () => {
  it('lead an index to the ledger’s entries, as one built anew has them, and to what holds for every number', () => {
    const random = randomFrom(seed);
    const model = new ConsortiumModel();
    const nextBody = bodiesFrom(random, model);
    const state = LedgerState.genesis(authorityPublicKey);
    state.takeChangedRows();
    const indexes: Record<Identity, NumberIndex[]> = {
      imsi: [new ReferenceIndex(), createWasmIndex()],
      msisdn: [new ReferenceIndex(), createWasmIndex()],
    };
    const entries = new Map<string, EntryChange>();
    const accepted = new Map<string, number>();
    let sequence = 0;
    let wentHome = 0;
    for (let block = 0; block < BLOCKS; block++) {
      const forged = new Set<number>();
      const count = 1 + Math.floor(random() * TRANSACTIONS_MAX);
      const expected: boolean[] = [];
      const received = Array.from({ length: count }, (_, at): ReceivedTransaction => {
        const bytes = new Uint8Array(0);
        const mishap = random();
        if (mishap < 0.03) {
          expected.push(false);
          return { bytes, decoded: { code: 'BCHF_TX_MALFORMED' } };
        }
        const body = nextBody();
        const isReplayed = mishap < 0.06;
        if (mishap >= 0.06 && mishap < 0.09) forged.add(at);
        const isAllowed = mishap >= 0.09 && model.apply(body);
        expected.push(isAllowed);
        if (isAllowed) accepted.set(body.kind, (accepted.get(body.kind) ?? 0) + 1);
        const transaction = { body, sequence: isReplayed ? -1 : ++sequence, signatures: [] };
        return { bytes, decoded: { transaction } };
      });
      const { codes, changes } = executeBlock(state, received, (at) => !forged.has(at), 0);
      assert.deepEqual(
        codes.map((code) => code === 'OK'),
        expected,
        `block ${block}: ${codes}`,
      );
      for (const change of changes) {
        const name = [change.identity, change.entry, change.from, change.to].join(' ');
        if (change.route !== null) entries.set(name, change);
        else {
          assert.ok(entries.delete(name), `${name} disappears but was never set`);
          wentHome++;
        }
      }
      assert.deepEqual(named(entries.values()), named(state.entries()));
      for (const identity of IDENTITIES) {
        const own = changes.filter((change) => change.identity === identity);
        for (const index of indexes[identity]) index.apply(own);
      }
      if ((block + 1) % REBUILD_BLOCKS === 0) assertRebuiltIsSame(state, indexes);
    }
    for (const identity of IDENTITIES) {
      for (const index of indexes[identity]) {
        for (const key of numbersOfAllLengths) {
          assert.deepEqual(index.explain(key), model.explain(identity, key), `${identity} ${key}`);
        }
      }
    }
    const kinds = [
      'admit-members',
      'declare-routes',
      'assign-prefixes',
      'join-member',
      'grant-prefixes',
      'inject-pool',
      'allocate',
      'port',
      'transfer',
      'change-route',
      'release',
    ];
    assert.deepEqual([...accepted.keys()].sort(), kinds.sort(), 'every kind was accepted');
    assert.ok(wentHome > 0, 'some numbers were ported home');
  });
});
