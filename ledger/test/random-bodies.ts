// Bodies of every kind over a small number space, drawn with a look at the state so that about half
// of them are valid.

import { lengthOf } from '../number.ts';
import type { LedgerState } from '../state/state.ts';
import type { KeyRange, TransactionBody } from '../transaction-body.ts';
import { ROAMING_SERVICES, roamingContractAddress } from '../transaction-roaming.ts';
import { key, member, route } from './consortium.ts';

const identity = 'msisdn';
const FIRST = key('8611000');
const SPAN = 2_000;

/** Behind the foundation: something to settle, so that settlements are valid often enough. */
export const opening: TransactionBody[] = [
  {
    kind: 'create-pricing-contract',
    member: 'a',
    contract: 'pool',
    identity,
    periodMs: 5_000,
    price: 1,
    transferFee: 1,
    tariffs: [{ prefix: key('86110'), price: 2 }],
    ranges: [],
  },
  {
    kind: 'inject-pool',
    member: 'a',
    identity,
    ranges: [{ from: FIRST, to: FIRST + 299 }],
    contract: 'pool',
  },
  { kind: 'deposit', member: 'b', amount: 100_000 },
  { kind: 'deposit', member: 'a', amount: 100_000 },
  {
    kind: 'allocate',
    member: 'b',
    identity,
    ranges: [{ from: FIRST, to: FIRST + 49 }],
    route: 'b1',
    settlement: 100,
  },
  {
    kind: 'register-roaming-contract',
    member: 'a',
    name: 'world',
    prices: [{ service: 'messages', price: 2 }],
  },
];

/** Draws one body; `random` gives 0 to below 1. */
export function randomBody(random: () => number, state: LedgerState): TransactionBody {
  const draw = (below: number): number => Math.floor(random() * below);
  const oneOf = <T>(items: readonly T[]): T => items[draw(items.length)]!;
  const present = state.members.slice(1).filter(({ id }) => state.presentNumber(id) !== undefined);
  const ids = present.map(({ id }) => id);
  const by = oneOf(ids);
  const other = ids[(ids.indexOf(by) + 1 + draw(ids.length - 1)) % ids.length]!;
  const number = (): number => FIRST + draw(SPAN);
  const holderOf = (at: number): string | undefined => {
    const holder = state.holderOf(identity, at, lengthOf(at));
    return typeof holder === 'number' ? state.members[holder]!.id : undefined;
  };
  const runs = [...state.spaces[identity].runs.between(FIRST, FIRST + SPAN)];
  /** Numbers of a run, and who has the first of them. */
  const allocated = (): { range: KeyRange; holder: string } => {
    const run = runs.length > 0 ? oneOf(runs) : { start: number(), end: FIRST + SPAN };
    const from = run.start + draw(Math.min(run.end - run.start + 1, 12));
    const to = random() < 0.8 ? Math.min(from + draw(5), run.end) : from + draw(9);
    return { range: { from, to }, holder: holderOf(from) ?? by };
  };
  const otherThan = (id: string): string => (id === by ? other : by);
  const range = (): KeyRange => {
    const from = number();
    return { from, to: Math.min(from + draw(30), FIRST + SPAN - 1) };
  };
  const charges = (ranges: KeyRange[]) => state.pricing.chargesOf(state.spaces[identity], ranges);
  const approvers = ids.filter(() => random() < 0.95).sort();
  const contract = (owner: string): string => {
    const own = state.pricing.contracts.filter(({ member: id }) => id === owner);
    return own.length > 0 ? oneOf(own).contract : 'none';
  };
  const sum = (amounts: number[]): number => amounts.reduce((total, one) => total + one, 0);
  const amounts = (settlement: number) => (settlement > 0 ? { settlement } : {});

  switch (draw(28)) {
    case 0:
      if (ids.length > 9) return { kind: 'leave-member', member: ids.at(-1)!, approvers };
      return { kind: 'admit-members', members: [member(`m${draw(60)}`)] };
    case 1: {
      const routes = [route(`${by}${1 + draw(2)}`, by, { port: 1 + draw(9) })];
      return { kind: 'declare-routes', member: by, routes };
    }
    case 2: {
      const assignments = [
        { route: `${oneOf(ids.slice(0, 2))}1`, prefixes: [key(`861${draw(10)}${draw(10)}99`)] },
      ];
      if (random() < 0.2) return { kind: 'assign-prefixes', identity, assignments };
      return { kind: 'grant-prefixes', identity, assignments, approvers };
    }
    case 3: {
      const ranges = [range()];
      const owner = holderOf(ranges[0]!.from) ?? by;
      const terms = random() < 0.6 ? { contract: contract(owner) } : {};
      return { kind: 'inject-pool', member: owner, identity, ranges, ...terms };
    }
    case 4:
    case 5: {
      const free = state.spaces[identity].free.find(number());
      const from = free ? free.start : number();
      const ranges = [{ from, to: Math.min(from + draw(10), free?.end ?? FIRST + SPAN) }];
      const cost = sum(charges(ranges).map(({ rate }) => rate));
      return {
        kind: 'allocate',
        member: by,
        identity,
        ranges,
        route: `${by}1`,
        ...amounts(random() < 0.9 ? cost : cost + 1),
      };
    }
    case 6: {
      const at = number();
      const donor = holderOf(at) ?? other;
      const recipient = donor === by ? other : by;
      return { kind: 'port', identity, numbers: [at], donor, recipient, route: `${recipient}1` };
    }
    case 7:
    case 8: {
      const { range: one, holder } = allocated();
      const ranges = [one];
      const recipient = otherThan(holder);
      const fees = charges(ranges).map(
        ({ contract: at, count }) => count * state.pricing.contracts[at]!.transferFee,
      );
      return {
        kind: 'transfer',
        identity,
        ranges,
        transferor: holder,
        recipient,
        route: `${recipient}1`,
        ...(random() < 0.5 ? { price: 1 + draw(5) } : {}),
        ...amounts(sum(fees)),
      };
    }
    case 9: {
      const { range: one, holder } = allocated();
      return {
        kind: 'change-route',
        member: holder,
        identity,
        route: `${holder}${1 + draw(2)}`,
        prefixes: [],
        ranges: [one],
        numbers: [],
      };
    }
    case 10: {
      const { range: one, holder } = allocated();
      return { kind: 'release', member: holder, identity, ranges: [one] };
    }
    case 11:
      return {
        kind: 'create-pricing-contract',
        member: by,
        contract: `pool-${draw(12)}`,
        identity,
        periodMs: 1 + draw(5_000),
        price: 1 + draw(5),
        transferFee: draw(3),
        tariffs: random() < 0.5 ? [{ prefix: key('86110'), price: draw(9) }] : [],
        ranges: random() < 0.5 ? [range()] : [],
      };
    case 12:
    case 26:
      return { kind: 'deposit', member: by, amount: 1 + draw(2_000) };
    case 13:
      return { kind: 'withdraw', member: by, amount: 1 + draw(50) };
    case 14:
    case 23:
    case 24: {
      const occupations = [...state.pricing.occupations()].filter(({ rate }) => rate > 0);
      const { contract: at, member: occupant } =
        occupations.length > 0 ? oneOf(occupations) : { contract: 0, member: 1 };
      const terms = state.pricing.contracts[at];
      return {
        kind: 'settle-occupation',
        member: terms?.member ?? by,
        contract: terms?.contract ?? 'none',
        occupant: state.members[occupant]!.id,
      };
    }
    case 15:
    case 27: {
      const prices = ROAMING_SERVICES.filter(() => random() < 0.7).map((service) => ({
        service,
        price: draw(3),
      }));
      return { kind: 'register-roaming-contract', member: by, name: `terms-${draw(2)}`, prices };
    }
    case 16: {
      const terms = state.roaming.contracts.length > 0 ? oneOf(state.roaming.contracts) : undefined;
      const home = terms?.member ?? by;
      const at = number();
      return {
        kind: 'report-roaming-usage',
        member: otherThan(home),
        contract: roamingContractAddress(home, terms?.name ?? 'none'),
        identity,
        usage: [
          {
            number: holderOf(at) === home ? at : key('8613') * 1_000,
            service: terms?.prices[0]?.service ?? 'messages',
            units: 1 + draw(9),
          },
        ],
      };
    }
    case 17:
    case 25: {
      const terms = state.roaming.contracts.length > 0 ? oneOf(state.roaming.contracts) : undefined;
      const home = terms?.member ?? by;
      const contract = roamingContractAddress(home, terms?.name ?? 'none');
      const known = state.roaming.contractNumber(contract);
      const dueTo = (id: string): number =>
        known === undefined ? 0 : state.roaming.tally(known, state.memberNumber(id)!).due;
      const visited = ids.find((id) => id !== home && dueTo(id) > 0) ?? otherThan(home);
      return { kind: 'settle-roaming', home, visited, contract, amount: dueTo(visited) || 1 };
    }
    case 18:
    case 19:
    case 20: {
      const at = FIRST + draw(40);
      const owner = holderOf(at) ?? by;
      const keys = [{ number: at, publicKey: new Uint8Array(32).fill(draw(256)) }];
      const kind = draw(3);
      if (kind === 0) return { kind: 'register-terminal-keys', member: owner, identity, keys };
      if (kind === 1) return { kind: 'rotate-terminal-keys', member: owner, identity, keys };
      return { kind: 'revoke-terminal-keys', member: owner, identity, numbers: [at] };
    }
    case 21: {
      const parameters = {
        itemsMax: 1 + draw(10),
        numbersMax: 20,
        periodMsMin: 1 + draw(3),
        purchaser: random() < 0.5 ? by : '',
      };
      return { kind: 'change-parameters', parameters, approvers };
    }
    default:
      if (random() < 0.3) {
        const publicKey = new Uint8Array(32).fill(draw(256));
        return { kind: 'rotate-member-key', member: by, publicKey, approvers };
      }
      return ids.length < 6 || (ids.length < 9 && random() < 0.5)
        ? { kind: 'join-member', member: member(`m${draw(60)}`), approvers }
        : { kind: 'leave-member', member: random() < 0.7 ? ids.at(-1)! : by, approvers };
  }
}
