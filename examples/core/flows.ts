// All flows of figures 7, 8 and 9. The demo shows them, and the tests hold every generation to them.

import { type Flow, register } from './flow.ts';
import { CALLS, MESSAGES } from './flows-connection.ts';
import { REGISTRATIONS } from './flows-registration.ts';
import type { GenerationName } from './forms.ts';
import { GENERATION } from './generation.ts';

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
  {
    figure: 7,
    title: 'after its key is revoked a terminal is refused',
    order: ['bchf'],
    first: register(114),
    change: { kind: 'revoke', place: 114 },
    act: register(114),
    outcome: 'credential-refused',
    asked: ['bchf: credential-refused'],
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
