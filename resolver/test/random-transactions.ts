// Random transactions among a few members and numbers, which meet often.

import { IDENTITIES, type Identity, parseDigits } from '../../ledger/number.ts';
import { member, route } from '../../ledger/test/consortium.ts';
import type { KeyRange, TransactionBody } from '../../ledger/transaction-body.ts';
import { type ConsortiumModel, stretchesOf } from './consortium-model.ts';

const MEMBERS = ['a', 'b', 'c', 'd'];
const ROUTES_PER_MEMBER = 3;

/** Every number of 1 to 4 digits: prefixes, runs and ported numbers nest and touch often. */
export const DIGITS = 4;

/** Draws bodies that are well-formed and, by the model, about as often allowed as not. */
export function bodiesFrom(random: () => number, model: ConsortiumModel): () => TransactionBody {
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
