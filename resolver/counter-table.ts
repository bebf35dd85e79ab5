// Everything that serving threads count, by interface, with the help text of its metric.

import { BATCH_SIZE_WORDS, LATENCY_WORDS } from '../wasm/packet-layout.ts';
import { ACCESS_COUNTER_HELP } from './access/access-causes.ts';
import { ENUM_COUNTER_HELP } from './enum/enum-counters.ts';
import { STREAM_COUNTERS } from './http/change-streams.ts';
import { STATUS_CODES, type StatusCode } from './http/http-answer.ts';
import type { CounterTable } from './metrics/shared-counters.ts';
import { H2_COUNTER_HELP } from './sbi/h2-counters.ts';
import { DROP_REASONS } from './udp/batch-codec.ts';
import type { PDB_COUNTERS } from './udp/pdb-codec.ts';

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

const LIMIT_HELP = {
  limitedSenders: 'Datagrams dropped because their sender is over its limit.',
  limitedPrefixes: 'Datagrams dropped because the network of their sender is over its limit.',
};

const PDB_HELP: Record<(typeof PDB_COUNTERS)[number], string> = {
  answeredFound: 'Requests answered with a carrier id.',
  answeredNotFound: 'Requests answered that the number has no carrier id.',
  answeredNotANumber: 'Requests answered that they hold no number.',
  droppedEmpty: 'Requests dropped: empty.',
  droppedType: 'Requests dropped: type, such as an answer.',
  droppedLength: 'Requests dropped: their length is not what they say.',
  droppedPayload: 'Requests dropped: no number of digits, or too long a one.',
};

export const COUNTER_TABLE = {
  http: {
    ...Object.fromEntries(
      STATUS_CODES.map((status) => [answeredCounter(status), `Requests answered with ${status}.`]),
    ),
    brokenRequests: 'Connections closed because where the body of a request ends was ambiguous.',
    fullPauses: 'Times that no more connections were taken because of how many files were open.',
    lookedUpNumbers: 'Numbers looked up, one by one and in batches.',
  },
  changeStreams: STREAM_COUNTERS,
  access: ACCESS_COUNTER_HELP,
  batch: {
    lookupRequests: 'Lookup requests answered.',
    lookedUpNumbers: 'Numbers looked up.',
    malformedNumbers: 'Numbers in lookup requests that were no numbers.',
    routeRequests: 'Route requests answered.',
    explainRequests: 'Explain requests answered.',
    refusedRequests: 'Requests of an unknown version, operation or identity kind.',
    ...Object.fromEntries(
      DROP_REASONS.map((reason) => [droppedCounter(reason), `Requests dropped: ${reason}.`]),
    ),
    ...LIMIT_HELP,
  },
  batchUdp: DATAGRAM_HELP,
  pdb: { ...PDB_HELP, ...LIMIT_HELP },
  pdbUdp: DATAGRAM_HELP,
  enum: ENUM_COUNTER_HELP,
  enumUdp: DATAGRAM_HELP,
  sbi: H2_COUNTER_HELP,
} satisfies CounterTable;

/** The word of a histogram for what is at most 2^rank µs, the last for all that is longer. */
export function latencyName(rank: number): string {
  return `us${rank}`;
}

/** The word of a histogram for batches of at most 2^rank. */
export function sizeName(rank: number): string {
  return `size${rank}`;
}

/** A histogram of the metrics: the upper bounds of its buckets, by their words. */
export interface HistogramForm {
  metric: string;
  help: string;
  /** Infinity for the last where there is no bound. */
  bounds: { word: string; le: number }[];
}

const latencyBounds = Array.from({ length: LATENCY_WORDS }, (_, rank) => ({
  word: latencyName(rank),
  le: rank === LATENCY_WORDS - 1 ? Number.POSITIVE_INFINITY : 2 ** rank / 1e6,
}));
const sizeBounds = Array.from({ length: BATCH_SIZE_WORDS }, (_, rank) => ({
  word: sizeName(rank),
  le: 2 ** rank,
}));

function latencyForm(protocol: string, arriving = 'datagram'): HistogramForm {
  const help = `Seconds from a ${arriving}'s arrival to its answer, ${protocol}.`;
  return { metric: `bchf_${protocol}_latency_seconds`, help, bounds: latencyBounds };
}

function sizeForm(protocol: string): HistogramForm {
  const help = `Datagrams received with one system call, ${protocol}.`;
  return { metric: `bchf_${protocol}_batch_datagrams`, help, bounds: sizeBounds };
}

/** By the group of their words in the shared counters. */
export const HISTOGRAM_FORMS: Record<string, HistogramForm> = {
  httpLatency: latencyForm('http', 'request'),
  sbiLatency: latencyForm('sbi', 'request'),
  batchLatency: latencyForm('batch'),
  batchBatchSize: sizeForm('batch'),
  pdbLatency: latencyForm('pdb'),
  pdbBatchSize: sizeForm('pdb'),
  enumLatency: latencyForm('enum'),
  enumBatchSize: sizeForm('enum'),
  credentialCheck: {
    metric: 'bchf_credential_check_seconds',
    help: 'Seconds from a credential to the verdict on it, of those whose signature was checked.',
    bounds: latencyBounds,
  },
};

export const HISTOGRAM_TABLE: CounterTable = Object.fromEntries(
  Object.entries(HISTOGRAM_FORMS).map(([group, { bounds, help }]) => [
    group,
    { ...Object.fromEntries(bounds.map(({ word }) => [word, help])), sum: help },
  ]),
);
