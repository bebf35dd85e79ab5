// The flows of figures 8 and 9: calls and short messages, their alternatives and failures.

import type { BchfInterface } from './bchf-source.ts';
import { DOWN_PLACE, SLOW_PLACE, VACANT_PLACE } from './country.ts';
import type { Connection, Flow, Who } from './flow.ts';

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
      title:
        'signalling routing first: the element that it names is down, and the BCHF names another',
      order: ['signalling', 'bchf'],
      down: 'data',
      registered: abroad,
      act: to(106),
      outcome: 'ok',
      asked: ['home data: unreachable', 'bchf: ok', 'other data: ok', ...delivered],
    },
    {
      title: 'portability database first: it is down, and the BCHF knows',
      order: ['portability', 'bchf'],
      down: 'portability',
      registered: abroad,
      act: to(106),
      outcome: 'ok',
      asked: ['portability: unreachable', 'bchf: ok', 'other data: ok', ...delivered],
    },
    {
      title: 'somebody was refused who registered as the called user, which stays registered',
      order: ['bchf'],
      registered: [
        { who: 108, at: 'other' },
        { who: 108, at: 'other', credential: 'forged', isRefused: true },
      ],
      act: to(108),
      outcome: 'ok',
      asked: ['bchf: ok', 'other data: ok', ...delivered],
    },
    {
      title: 'BCHF first, and the portability database where it does not let the element ask',
      isStory: true,
      order: ['bchf', 'portability'],
      requester: 'restricted',
      registered: abroad,
      act: to(106),
      outcome: 'ok',
      asked: ['bchf: requester-refused', 'portability: ok', 'other data: ok', ...delivered],
    },
    {
      title: 'BCHF alone, and the element has used up its quota',
      order: ['bchf'],
      requester: 'limited',
      registered: abroad,
      act: to(106),
      outcome: 'congestion',
      asked: ['bchf: congestion'],
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
      title: 'a BCHF without a replica forwards to another member node',
      order: ['bchf'],
      bchf: 'forwarder',
      forwarder: { nodes: ['dead', 'good'], asked: ['dead bchf: unreachable', 'bchf: answered'] },
      registered: abroad,
      act: to(106),
      outcome: 'ok',
      asked: ['forwarder: ok', 'other data: ok', ...delivered],
      foundBy: 'index',
    },
    {
      title: 'the BCHF forwards to nobody, and signalling routing is asked instead',
      order: ['bchf', 'signalling'],
      bchf: 'forwarder',
      forwarder: { nodes: ['dead', 'dead'], asked: ['dead bchf: unreachable'] },
      registered: athome,
      act: to(4),
      outcome: 'ok',
      asked: ['forwarder: unreachable', 'home data: ok', 'home serving: ok', 'terminal: ok'],
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
