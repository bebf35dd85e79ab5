// What the HTTP/2 listener of a thread counts, with the help texts of the metrics.

import { STATUS_CODES } from '../http/http-answer.ts';

const EVENTS = {
  connections: 'Connections taken.',
  refusedConnections: 'Connections closed at once because there were too many.',
  sessionErrors: 'Sessions that broke the protocol, flooded, or failed to shake hands.',
  timedOutConnections: 'Connections closed because they did not greet, or were idle.',
  oversizedHeaders: 'Requests refused for the length of their header fields.',
  oversizedBodies: 'Requests refused for the length of their body.',
  refusedBodies: 'Requests refused because too many bodies were being received.',
  timedOutRequests: 'Requests refused because their body took too long to come.',
  timedOutAnswers: 'Answers given up because the client did not take them.',
} as const;

/** An answer that another NRF gave may have any status. */
const OTHER = 'answeredOther';

const ANSWERED = new Map(STATUS_CODES.map((status) => [status as number, `answered${status}`]));

export const H2_COUNTER_HELP: Record<string, string> = {
  ...Object.fromEntries(
    [...ANSWERED].map(([status, name]) => [name, `Requests answered with ${status}.`]),
  ),
  [OTHER]: 'Requests answered with another status, which the NRF behind gave.',
  ...EVENTS,
};

export interface H2Counters extends Record<keyof typeof EVENTS, number> {
  answered(status: number): void;
  /** The totals by name. */
  read(): Record<string, number>;
}

export function createH2Counters(): H2Counters {
  const statuses: Record<string, number> = {};
  const events = Object.fromEntries(Object.keys(EVENTS).map((name) => [name, 0])) as Record<
    keyof typeof EVENTS,
    number
  >;
  return Object.assign(events, {
    answered(status: number) {
      const name = ANSWERED.get(status) ?? OTHER;
      statuses[name] = (statuses[name] ?? 0) + 1;
    },
    read: () => {
      const { answered: _, read: __, ...totals } = events as H2Counters;
      return { ...totals, ...statuses };
    },
  });
}
