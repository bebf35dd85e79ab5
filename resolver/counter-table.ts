// Everything that serving threads count, by interface, with the help text of its metric.

import { ENUM_COUNTER_HELP } from './enum/enum-counters.ts';
import { STATUS_CODES, type StatusCode } from './http/http-answer.ts';
import type { CounterTable } from './metrics/shared-counters.ts';
import { H2_COUNTER_HELP } from './sbi/h2-counters.ts';
import { DROP_REASONS } from './udp/batch-codec.ts';

const DATAGRAM_HELP = {
  receivedDatagrams: 'Datagrams received.',
  receivedBytes: 'Bytes received.',
  sentDatagrams: 'Datagrams sent.',
  sentBytes: 'Bytes sent.',
  unansweredDatagrams: 'Datagrams that got no answer.',
  oversizedDatagrams: 'Datagrams dropped unread for their length.',
  sendQueueDrops: 'Datagrams dropped unread because too many answers waited to be sent.',
  sendErrors: 'Answers that the system refused to send.',
  socketErrors: 'Errors of the socket itself.',
};

function camelCase(words: string): string {
  return words.replace(/[- ](.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The counter of a drop reason of the batch protocol: `too-short` → `droppedTooShort`. */
export function droppedCounter(reason: string): string {
  return camelCase(`dropped-${reason}`);
}

/** The counter of an HTTP status: 200 → `answered200`. */
export function answeredCounter(status: StatusCode): string {
  return `answered${status}`;
}

export const COUNTER_TABLE = {
  http: Object.fromEntries(
    STATUS_CODES.map((status) => [answeredCounter(status), `Requests answered with ${status}.`]),
  ),
  batch: {
    lookupRequests: 'Lookup requests answered.',
    lookedUpNumbers: 'Numbers looked up.',
    malformedNumbers: 'Numbers in lookup requests that were no numbers.',
    routeRequests: 'Route requests answered.',
    refusedRequests: 'Requests of an unknown version, operation or identity kind.',
    ...Object.fromEntries(
      DROP_REASONS.map((reason) => [droppedCounter(reason), `Requests dropped: ${reason}.`]),
    ),
  },
  batchUdp: DATAGRAM_HELP,
  enum: ENUM_COUNTER_HELP,
  enumUdp: DATAGRAM_HELP,
  sbi: H2_COUNTER_HELP,
} satisfies CounterTable;
