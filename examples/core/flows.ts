// The flows of figures 7, 8 and 9 with their alternatives and failures: what happens, whom the elements
// ask in which order, and how it ends. The demo shows them, and the tests hold every generation to them.
//
// Who is asked is written `side role: outcome`, as `other data: ok`; several messages to the same in turn
// count once.

import type { BchfInterface } from './bchf-source.ts';
import { BARRED_PLACE, DOWN_PLACE, type Side, SLOW_PLACE, VACANT_PLACE } from './country.ts';
import type { RoutingSource } from './element.ts';
import type { GenerationName } from './forms.ts';
import { GENERATION } from './generation.ts';
import type { Cause, FoundBy } from './operations.ts';
import type { RegistrationSource } from './registration.ts';
import type { CredentialKind } from './terminals.ts';

/** A place of the pool (country), or the number that nobody has. */
export type Who = number | 'unknown';

export interface Registration {
  kind: 'register';
  who: Who;
  at: Side;
  credential?: CredentialKind;
}

export interface Connection {
  kind: 'call' | 'message';
  from: number;
  to: Who;
}

export type Act = Registration | Connection;

/** Which BCHFs an element knows, in the order in which it asks them. */
export type BchfChoice = 'good' | 'dead' | 'slow' | 'dead, good' | 'slow, good';

export interface Flow {
  figure: 7 | 8 | 9;
  title: string;
  /** Whether the demo plays it without being asked. */
  isStory?: boolean;
  /** All, unless given. */
  generations?: readonly GenerationName[];
  order: readonly (RegistrationSource | RoutingSource)[];
  by?: BchfInterface;
  bchf?: BchfChoice;
  /** How long an element keeps what the BCHF told it. */
  keepMs?: number;
  /** Whether the data management element insists on a credential. */
  credentials?: 'required' | 'optional';
  /** Registrations that must have been accepted before. */
  registered?: readonly Omit<Registration, 'kind'>[];
  /** Terminals that do not answer when they are paged. */
  silent?: readonly number[];
  /** What is done first, in the same way; it must go well. */
  first?: Act;
  /**
   * What then changes on the ledger: a number goes from the other network to the home network. A ported
   * one gets a new SIM there, which registers.
   */
  change?: { kind: 'transfer' | 'port'; place: number };
  act: Act;
  outcome: 'ok' | Cause;
  asked: readonly string[];
  /** How the last data management element finds the user data. */
  foundBy?: FoundBy;
}

const register = (who: Who, credential: CredentialKind = 'good'): Registration => ({
  kind: 'register',
  who,
  at: 'home',
  credential,
});

export const REGISTRATIONS: readonly Flow[] = [
  {
    figure: 7,
    title: 'local element first: a home user needs no BCHF',
    isStory: true,
    order: ['local', 'bchf'],
    act: register(0),
    outcome: 'ok',
    asked: ['home data: ok'],
    foundBy: 'number',
  },
  {
    figure: 7,
    title: 'local element first: nobody sees whose a number of the pool is, and the BCHF knows',
    isStory: true,
    order: ['local', 'bchf'],
    act: register(100),
    outcome: 'ok',
    asked: ['home data: unknown-user', 'bchf: ok', 'other data: ok'],
    foundBy: 'index',
  },
  {
    figure: 7,
    title: 'BCHF first: a home user is found like any other',
    order: ['bchf'],
    act: register(1),
    outcome: 'ok',
    asked: ['bchf: ok', 'home data: ok'],
    foundBy: 'index',
  },
  {
    figure: 7,
    title: 'BCHF first: a roamer, its user data found by the index that the BCHF gave',
    order: ['bchf'],
    act: register(101),
    outcome: 'ok',
    asked: ['bchf: ok', 'other data: ok'],
    foundBy: 'index',
  },
  {
    figure: 7,
    title: 'the NRF asks the BCHF on behalf of the AMF',
    isStory: true,
    generations: ['5g'],
    order: ['bchf'],
    by: 'nrf',
    act: register(102),
    outcome: 'ok',
    asked: ['bchf: ok', 'other data: ok'],
    foundBy: 'index',
  },
  {
    figure: 7,
    title: 'the BCHF asked over UDP tells the element, which looks the number up itself',
    order: ['local', 'bchf'],
    by: 'batch',
    act: register(102),
    outcome: 'ok',
    asked: ['home data: unknown-user', 'bchf: ok', 'other data: ok'],
    foundBy: 'number',
  },
  {
    figure: 7,
    title: 'a user of the home network registers abroad',
    order: ['local', 'bchf'],
    act: { kind: 'register', who: 2, at: 'other' },
    outcome: 'ok',
    asked: ['other data: unknown-user', 'bchf: ok', 'home data: ok'],
    foundBy: 'index',
  },
  {
    figure: 7,
    title: 'an IMSI that nobody has, local element first',
    isStory: true,
    order: ['local', 'bchf'],
    act: register('unknown', 'none'),
    outcome: 'unknown-user',
    asked: ['home data: unknown-user', 'bchf: unknown-user'],
  },
  {
    figure: 7,
    title: 'an IMSI that nobody has, BCHF first',
    order: ['bchf'],
    act: register('unknown', 'none'),
    outcome: 'unknown-user',
    asked: ['bchf: unknown-user'],
  },
  {
    figure: 7,
    title: 'a number that is allocated, and has no account yet',
    order: ['bchf'],
    act: register(VACANT_PLACE, 'none'),
    outcome: 'unknown-user',
    asked: ['bchf: ok', 'other data: unknown-user'],
  },
  {
    figure: 7,
    title: 'the home network does not let its user roam here',
    isStory: true,
    order: ['bchf'],
    act: register(BARRED_PLACE),
    outcome: 'roaming-not-allowed',
    asked: ['bchf: ok', 'other data: roaming-not-allowed'],
  },
  ...(['forged', 'expired', 'foreign'] as const).map(
    (kind): Flow => ({
      figure: 7,
      title: `the BCHF refuses at once: a credential that is ${kind}`,
      isStory: kind === 'forged',
      order: ['bchf'],
      act: register(105, kind),
      outcome: 'credential-refused',
      asked: ['bchf: credential-refused'],
    }),
  ),
  {
    figure: 7,
    title: 'the BCHF refuses at once: a credential that was used before',
    order: ['bchf'],
    first: register(105),
    act: register(105, 'replayed'),
    outcome: 'credential-refused',
    asked: ['bchf: credential-refused'],
  },
  {
    figure: 7,
    title: 'the NRF refuses at once: a credential that is forged',
    generations: ['5g'],
    order: ['bchf'],
    by: 'nrf',
    act: register(105, 'forged'),
    outcome: 'credential-refused',
    asked: ['bchf: credential-refused'],
  },
  {
    figure: 7,
    title: 'the data management element asks for a credential, and there is none',
    order: ['bchf'],
    credentials: 'required',
    act: register(101, 'none'),
    outcome: 'credential-refused',
    asked: ['bchf: ok', 'other data: credential-refused'],
  },
  ...(['forged', 'expired', 'foreign'] as const).map(
    (kind): Flow => ({
      figure: 7,
      title: `the data management element checks again: a credential that is ${kind}`,
      order: ['bchf'],
      by: 'batch',
      act: register(104, kind),
      outcome: 'credential-refused',
      asked: ['bchf: ok', 'other data: credential-refused'],
    }),
  ),
  {
    figure: 7,
    title: 'the data management element checks again: a credential that was used before',
    order: ['bchf'],
    by: 'batch',
    first: register(104),
    act: register(104, 'replayed'),
    outcome: 'credential-refused',
    asked: ['bchf: ok', 'other data: credential-refused'],
  },
  {
    figure: 7,
    title: 'no BCHF answers, and a home user does not need one',
    order: ['local', 'bchf'],
    bchf: 'dead',
    act: register(3),
    outcome: 'ok',
    asked: ['home data: ok'],
  },
  {
    figure: 7,
    title: 'no BCHF answers: a roamer is told to try again, not that it is unknown',
    isStory: true,
    order: ['local', 'bchf'],
    bchf: 'dead',
    act: register(100),
    outcome: 'unreachable',
    asked: ['home data: unknown-user', 'dead bchf: unreachable'],
  },
  {
    figure: 7,
    title: 'the first BCHF is down: the second choice answers',
    order: ['bchf'],
    bchf: 'dead, good',
    act: register(101),
    outcome: 'ok',
    asked: ['dead bchf: unreachable', 'bchf: ok', 'other data: ok'],
  },
  {
    figure: 7,
    title: 'the first BCHF is slow: after its time the second choice is asked',
    isStory: true,
    order: ['bchf'],
    bchf: 'slow, good',
    act: register(101),
    outcome: 'ok',
    asked: ['slow bchf: timed-out', 'bchf: ok', 'other data: ok'],
  },
  {
    figure: 7,
    title: 'the only BCHF is slow',
    order: ['bchf'],
    bchf: 'slow',
    act: register(101),
    outcome: 'timed-out',
    asked: ['slow bchf: timed-out'],
  },
  {
    figure: 7,
    title: 'the data management element is down',
    order: ['bchf'],
    act: register(DOWN_PLACE),
    outcome: 'unreachable',
    asked: ['bchf: ok', 'down: unreachable'],
  },
  {
    figure: 7,
    title: 'the data management element does not answer',
    order: ['bchf'],
    act: register(SLOW_PLACE),
    outcome: 'timed-out',
    asked: ['bchf: ok', 'slow: timed-out'],
  },
];

/** Figure 8 and figure 9 alike: a call, and a short message. */
const connections = (kind: 'call' | 'message'): Flow[] => {
  const figure = kind === 'call' ? 8 : 9;
  const to = (who: Who): Connection => ({ kind, from: 0, to: who });
  const abroad = [{ who: 106, at: 'other' }] as const;
  const athome = [{ who: 4, at: 'home' }] as const;
  const delivered = ['other serving: ok', 'terminal: ok'];
  const flows: Omit<Flow, 'figure'>[] = [
    ...(['nbchf', 'batch', 'mnpf', 'enum'] as const).map((by) => ({
      title: `BCHF alone, asked by ${INTERFACE_NAMES[by]}`,
      order: ['bchf'] as const,
      by,
      registered: abroad,
      act: to(106),
      outcome: 'ok' as const,
      asked: ['bchf: ok', 'other data: ok', ...delivered],
      foundBy: by === 'nbchf' ? ('index' as const) : ('number' as const),
    })),
    {
      title: 'signalling routing first: right for a number that never moved',
      order: ['signalling', 'bchf'],
      registered: athome,
      act: to(4),
      outcome: 'ok',
      asked: ['home data: ok', 'home serving: ok', 'terminal: ok'],
    },
    {
      title: 'signalling routing first: wrong for a number of the pool, and the BCHF knows better',
      isStory: true,
      order: ['signalling', 'bchf'],
      registered: abroad,
      act: to(106),
      outcome: 'ok',
      asked: ['home data: unknown-user', 'bchf: ok', 'other data: ok', ...delivered],
    },
    {
      title: 'portability database first: it was told of the number',
      order: ['portability', 'bchf'],
      registered: abroad,
      act: to(106),
      outcome: 'ok',
      asked: ['portability: ok', 'other data: ok', ...delivered],
    },
    {
      title: 'portability database first: it was not told yet, and the BCHF was',
      order: ['portability', 'bchf'],
      registered: [{ who: 116, at: 'other' }],
      act: to(116),
      outcome: 'ok',
      asked: [
        'portability: ok',
        'home data: unknown-user',
        'bchf: ok',
        'other data: ok',
        ...delivered,
      ],
    },
    {
      title: 'BCHF first, and signalling routing where it does not answer',
      order: ['bchf', 'signalling'],
      bchf: 'dead',
      registered: athome,
      act: to(4),
      outcome: 'ok',
      asked: ['dead bchf: unreachable', 'home data: ok', 'home serving: ok', 'terminal: ok'],
    },
    {
      title: 'BCHF first, and the portability database where it does not answer',
      order: ['bchf', 'portability'],
      bchf: 'dead',
      registered: abroad,
      act: to(106),
      outcome: 'ok',
      asked: ['dead bchf: unreachable', 'portability: ok', 'other data: ok', ...delivered],
    },
    {
      title: 'the called user of the home network is abroad',
      order: ['bchf'],
      registered: [{ who: 5, at: 'other' }],
      act: to(5),
      outcome: 'ok',
      asked: ['bchf: ok', 'home data: ok', ...delivered],
      foundBy: 'index',
    },
    {
      title: 'a number that nobody has',
      order: ['bchf'],
      act: to('unknown'),
      outcome: 'unknown-user',
      asked: ['bchf: unknown-user'],
    },
    {
      title: 'a number that nobody has: no segment, no port, no entry',
      order: ['signalling', 'portability', 'bchf'],
      act: to('unknown'),
      outcome: 'unknown-user',
      asked: ['portability: unknown-user', 'bchf: unknown-user'],
    },
    {
      title: 'a number that is allocated, and has no account',
      order: ['bchf'],
      act: to(VACANT_PLACE),
      outcome: 'unknown-user',
      asked: ['bchf: ok', 'other data: unknown-user'],
    },
    {
      title: 'the called user is registered nowhere',
      isStory: true,
      order: ['bchf'],
      act: to(109),
      outcome: 'absent-user',
      asked: ['bchf: ok', 'other data: absent-user'],
    },
    {
      title: 'the called user is out of reach, and does not answer the paging',
      order: ['bchf'],
      registered: [{ who: 107, at: 'home' }],
      silent: [107],
      act: to(107),
      outcome: 'absent-user',
      asked: ['bchf: ok', 'other data: ok', 'home serving: absent-user', 'terminal: timed-out'],
    },
    {
      title: 'the data management element of the called user is down',
      order: ['bchf'],
      act: to(DOWN_PLACE),
      outcome: 'unreachable',
      asked: ['bchf: ok', 'down: unreachable'],
    },
    {
      title: 'the data management element of the called user does not answer',
      order: ['bchf'],
      act: to(SLOW_PLACE),
      outcome: 'timed-out',
      asked: ['bchf: ok', 'slow: timed-out'],
    },
    {
      title: 'no BCHF answers: the number is not said to be unknown',
      order: ['signalling', 'bchf'],
      bchf: 'dead',
      registered: abroad,
      act: to(106),
      outcome: 'unreachable',
      asked: ['home data: unknown-user', 'dead bchf: unreachable'],
    },
  ];
  return flows.map((flow) => ({ figure, ...flow }));
};

const INTERFACE_NAMES = {
  nbchf: 'Nbchf',
  nrf: 'NRF discovery',
  batch: 'UDP batch',
  mnpf: 'Nmnpf',
  enum: 'ENUM',
} as const satisfies Record<BchfInterface, string>;

export const CALLS = connections('call');
export const MESSAGES = connections('message');

/** A number moves on the ledger, and what comes next goes to its new element. Each uses up its number. */
export const CHANGES: readonly Flow[] = [
  {
    figure: 7,
    title: 'after a transfer the BCHF leads to the new element',
    isStory: true,
    order: ['bchf'],
    first: register(110),
    change: { kind: 'transfer', place: 110 },
    act: register(110),
    outcome: 'ok',
    asked: ['bchf: ok', 'home data: ok'],
    foundBy: 'number',
  },
  {
    figure: 7,
    title:
      'a kept route is out of date after a transfer: the element has deleted the user, so ask again',
    isStory: true,
    order: ['bchf'],
    keepMs: 60_000,
    first: register(111),
    change: { kind: 'transfer', place: 111 },
    act: register(111),
    outcome: 'ok',
    asked: ['other data: unknown-user', 'bchf: ok', 'home data: ok'],
    foundBy: 'number',
  },
  ...(['call', 'message'] as const).map((kind, at): Flow => {
    const place = 112 + at;
    return {
      figure: kind === 'call' ? 8 : 9,
      title: `after a number is ported, a ${kind} finds its new element`,
      isStory: kind === 'call',
      order: ['bchf'],
      registered: [{ who: place, at: 'other' }],
      first: { kind, from: 0, to: place },
      change: { kind: 'port', place },
      act: { kind, from: 0, to: place },
      outcome: 'ok',
      asked: ['bchf: ok', 'home data: ok', 'home serving: ok', 'terminal: ok'],
      foundBy: 'number',
    };
  }),
];

export const FLOWS: readonly Flow[] = [...REGISTRATIONS, ...CALLS, ...MESSAGES, ...CHANGES];

export function flowsOf(generation: GenerationName): Flow[] {
  return FLOWS.filter(({ generations }) => generations?.includes(generation) ?? true);
}

/**
 * Whom the elements of a generation ask: in 2G/3G, the HLR of a called user that is registered has the
 * visited network give a roaming number.
 */
export function askedIn({ act, asked }: Flow, generation: GenerationName): string[] {
  if (act.kind !== 'call' || !GENERATION[generation].hasRoamingNumbers) return [...asked];
  const at = asked.findIndex((one) => one.endsWith(' data: ok'));
  if (at < 0) return [...asked];
  return [...asked.slice(0, at + 1), 'roaming number: ok', ...asked.slice(at + 1)];
}
