// What an operator is woken for, once: the alert rules of Prometheus (deploy/prometheus/bchf-alerts.yaml)
// are written from this table, and the console judges the process by the same limits without Prometheus.

import { STATUS_CODES } from '../http/http-answer.ts';
import type { Condition } from './alarm-conditions.ts';

export type Severity = 'critical' | 'warning' | 'info';

export interface AlarmRule {
  name: string;
  severity: Severity;
  condition: Condition;
  /** How long the condition holds before anybody is told. */
  forS: number;
  summary: string;
  /** What to do. */
  action: string;
}

const answered = (protocol: string, statuses: readonly number[]) =>
  statuses.map((status) => `bchf_${protocol}_answered_${status}_total`);
const failed = STATUS_CODES.filter((status) => status >= 500);
const datagramProtocols = ['batch', 'pdb', 'enum'];
const ofDatagrams = (name: string) =>
  datagramProtocols.map((protocol) => `bchf_${protocol}_udp_${name}_total`);

function latencyRule(protocol: string, name: string, title: string): AlarmRule {
  return {
    name: `Bchf${name}Slow`,
    severity: 'warning',
    condition: {
      kind: 'quantile',
      histogram: `bchf_${protocol}_latency_seconds`,
      quantile: 0.99,
      windowS: 300,
      limit: 0.016,
    },
    forS: 60,
    summary: `More than 1% of the answers over ${title} take longer than 16 ms.`,
    action:
      'Compare the request rate with docs/bench-*.md; see whether other processes use the processors.',
  };
}

export const ALARM_RULES: readonly AlarmRule[] = [
  {
    name: 'BchfDown',
    severity: 'critical',
    condition: { kind: 'unreachable' },
    forS: 60,
    summary: 'The admin port does not answer.',
    action: 'See whether the process runs, and read the end of its log.',
  },
  {
    name: 'BchfNotServing',
    severity: 'critical',
    condition: { kind: 'gauge', metric: 'bchf_workers', is: 'below', limit: 1 },
    forS: 0,
    summary: 'No thread serves.',
    action:
      'The log says why threads ended. Restart; if the index is at fault, serve an earlier snapshot.',
  },
  {
    name: 'BchfThreadDied',
    severity: 'warning',
    condition: { kind: 'increase', metrics: ['bchf_worker_deaths_total'], windowS: 600, limit: 0 },
    forS: 0,
    summary: 'A serving thread ended by itself and was replaced.',
    action: 'The log has the error. Ten such threads in a minute end the process.',
  },
  {
    name: 'BchfIndexBehind',
    severity: 'warning',
    condition: { kind: 'gauge', metric: 'bchf_index_lag_milliseconds', is: 'above', limit: 5000 },
    forS: 60,
    summary: 'Answers are more than 5 s behind the newest block.',
    action: 'See whether the node has halted, or blocks are too large for this machine.',
  },
  {
    name: 'BchfIndexFarBehind',
    severity: 'critical',
    condition: { kind: 'gauge', metric: 'bchf_index_lag_milliseconds', is: 'above', limit: 60_000 },
    forS: 60,
    summary: 'Answers are more than a minute behind the newest block.',
    action: 'Ported numbers are misrouted: take the process out of service until it has caught up.',
  },
  {
    name: 'BchfHttpFails',
    severity: 'critical',
    condition: {
      kind: 'share',
      part: answered('http', failed),
      whole: answered('http', STATUS_CODES),
      windowS: 300,
      limit: 0.01,
    },
    forS: 60,
    summary: 'More than 1% of the HTTP answers are errors of this server (5xx).',
    action: 'The log has the errors.',
  },
  {
    name: 'BchfSbiFails',
    severity: 'critical',
    condition: {
      kind: 'share',
      part: answered('sbi', failed),
      whole: answered('sbi', STATUS_CODES),
      windowS: 300,
      limit: 0.01,
    },
    forS: 60,
    summary: 'More than 1% of the answers of the service-based interfaces are errors (5xx).',
    action: '502 and 504 come from the NRF behind this server; the log has the other errors.',
  },
  {
    name: 'BchfPacketsDropped',
    severity: 'warning',
    condition: {
      kind: 'increase',
      metrics: [
        'bchf_udp_socket_drops_total',
        ...ofDatagrams('send_queue_drops'),
        ...ofDatagrams('send_errors'),
      ],
      windowS: 300,
      limit: 0,
    },
    forS: 60,
    summary: 'Packets are lost on this machine: more arrive than are processed.',
    action:
      'Enlarge socket buffers (net.core.rmem_max), add threads (--udp-workers), or add a machine.',
  },
  {
    name: 'BchfSendersLimited',
    severity: 'info',
    condition: {
      kind: 'share',
      part: [
        'bchf_batch_limited_senders_total',
        'bchf_batch_limited_prefixes_total',
        'bchf_pdb_limited_senders_total',
        'bchf_pdb_limited_prefixes_total',
        'bchf_enum_limited_dropped_total',
      ],
      whole: ofDatagrams('received_datagrams'),
      windowS: 300,
      limit: 0.05,
    },
    forS: 120,
    summary: 'More than 5% of the datagrams exceed the rate limit of their sender.',
    action: 'Find the sender; raise the limit if it is one of yours.',
  },
  latencyRule('batch', 'Batch', 'the UDP batch protocol'),
  latencyRule('enum', 'Enum', 'ENUM'),
  latencyRule('pdb', 'Pdb', 'pdb'),
  latencyRule('http', 'Http', 'HTTP'),
  {
    name: 'BchfSnapshotRefused',
    severity: 'warning',
    condition: {
      kind: 'increase',
      metrics: ['bchf_snapshot_refusals_total'],
      windowS: 900,
      limit: 0,
    },
    forS: 0,
    summary: 'A snapshot swap was refused; the server serves what it served before.',
    action: 'The log has the code; docs/errors.md says what to do.',
  },
  {
    name: 'BchfTokenGuessed',
    severity: 'warning',
    condition: {
      kind: 'increase',
      metrics: ['bchf_admin_wrong_tokens_total'],
      windowS: 600,
      limit: 10,
    },
    forS: 0,
    summary: 'Somebody sends wrong tokens to the admin port.',
    action:
      'The log has the address. Close the port to it, and replace a token that is not random.',
  },
  {
    name: 'BchfSnapshotNotWritten',
    severity: 'warning',
    condition: {
      kind: 'increase',
      metrics: ['bchf_snapshot_write_failures_total'],
      windowS: 900,
      limit: 0,
    },
    forS: 0,
    summary: 'A snapshot could not be written: the next start takes longer.',
    action: 'See whether the disk is full.',
  },
  {
    name: 'BchfIndexNearlyFull',
    severity: 'warning',
    condition: { kind: 'gauge', metric: 'bchf_index_fill_ratio', is: 'above', limit: 0.9 },
    forS: 300,
    summary: 'An index uses more than 90% of the memory allowed to it.',
    action: 'Raise --index-memory-max-mib before blocks are refused for lack of memory.',
  },
  {
    name: 'BchfMainThreadBusy',
    severity: 'warning',
    condition: {
      kind: 'gauge',
      metric: 'nodejs_eventloop_lag_p99_seconds',
      is: 'above',
      limit: 0.5,
    },
    forS: 120,
    summary: 'The main thread, which applies blocks, is held up for more than half a second.',
    action: 'See whether a large block, a snapshot or another process uses the processors.',
  },
  {
    name: 'BchfHttpStandIn',
    severity: 'info',
    condition: { kind: 'gauge', metric: 'bchf_http_native', is: 'below', limit: 1 },
    forS: 300,
    summary: 'HTTP runs on the JavaScript stand-in of uWebSockets.js, which is slower.',
    action: 'Use a Node version for which the package has a native build, such as 20.',
  },
  {
    name: 'BchfNodeHalted',
    severity: 'critical',
    condition: { kind: 'gauge', metric: 'bchf_node_halted', is: 'above', limit: 0 },
    forS: 0,
    summary: 'The node met a block that it cannot accept and has stopped following the chain.',
    action:
      'The log and /ledger/v1/status have the height and the error code. Find out why before a restart.',
  },
  {
    name: 'BchfNodeAlone',
    severity: 'warning',
    condition: { kind: 'gauge', metric: 'bchf_node_peers', is: 'below', limit: 1 },
    forS: 60,
    summary: 'The node is connected to no other node.',
    action: 'Check addresses, firewalls and --gossip-allow.',
  },
  {
    name: 'BchfNodeBehind',
    severity: 'warning',
    condition: {
      kind: 'excess',
      metric: 'bchf_node_newest_height',
      over: 'bchf_node_height',
      limit: 10,
    },
    forS: 60,
    summary: 'The node is more than 10 blocks behind the newest block that it knows of.',
    action: 'After a start it catches up by itself. At other times check its peers and its disk.',
  },
  {
    name: 'BchfChainConflict',
    severity: 'critical',
    condition: {
      kind: 'increase',
      metrics: ['bchf_node_blocks_conflicting_total'],
      windowS: 900,
      limit: 0,
    },
    forS: 0,
    summary: 'Validators have signed two different blocks of one height.',
    action: 'Tell the consortium: the keys of more than a third of the voting power misbehave.',
  },
  {
    name: 'BchfPeersMisbehave',
    severity: 'warning',
    condition: {
      kind: 'increase',
      metrics: [
        'bchf_node_messages_rejected_total',
        'bchf_node_blocks_forged_total',
        'bchf_node_peers_penalised_total',
      ],
      windowS: 600,
      limit: 0,
    },
    forS: 0,
    summary: 'A peer sends what no honest peer sends.',
    action: 'The Network view of the console shows which peers lost score; tell their member.',
  },
];
