// What the domain says of each number by itself: whose it is at home, whether it lies in the pool, and
// who has it now. It shares no code with the ledger's rules.

import { type Identity, parseDigits } from '../../ledger/number.ts';
import type { KeyRange, TransactionBody } from '../../ledger/transaction-body.ts';
import type { IndexEntry } from '../../wasm/number-index.ts';

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

export class ConsortiumModel {
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

export function numbersOf({ from, to }: KeyRange): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

/** Rising numbers as the stretches without a gap that they are. */
export function stretchesOf(numbers: readonly number[]): KeyRange[] {
  const stretches: KeyRange[] = [];
  for (const key of numbers) {
    const last = stretches.at(-1);
    if (last && last.to + 1 === key) last.to = key;
    else stretches.push({ from: key, to: key });
  }
  return stretches;
}
