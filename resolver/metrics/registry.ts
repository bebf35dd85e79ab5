// The Prometheus metrics of the whole process, through prom-client.

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { SharedCounters } from './shared-counters.ts';
import { addTotalCounter } from './total-counter.ts';

/** What the gauges show; each is asked at every scrape. */
export interface GaugeSources {
  ledgerHeight: () => number;
  indexHeight: () => number;
  lagMs: () => number | undefined;
  workers: () => number;
  /** 1 where uWebSockets.js runs its native build, 0 where its JavaScript stand-in does. */
  httpNative: () => number;
  /** Entries by identity kind and entry kind. */
  entries: () => { identity: string; entry: string; count: number }[];
  indexBytes: () => { identity: string; bytes: number }[];
  routes: () => number;
  /** Rises with each swap. */
  generation: () => number;
  /** Serving threads that ended by themselves so far. */
  workerDeaths: () => number;
  /** The largest share of its limit to which an index's memory has grown, 0 to 1. */
  indexFill: () => number;
  /** Counts of snapshots: swapped in, refused, written, not written. */
  snapshots: () => { swaps: number; refusals: number; saved: number; saveFailures: number };
  /** Wrong tokens at the admin port so far. */
  adminWrongTokens: () => number;
  /** Of the sockets of each UDP protocol, where the system tells. */
  udpMemory: () => { protocol: string; receiveBufferBytes: number; drops: number }[];
  /** What the minimal NRF holds and has told; `undefined` where another NRF is behind, or none. */
  nrf: (() => NrfCounts) | undefined;
}

export interface NrfCounts {
  instances: number;
  subscriptions: number;
  sentNotifications: number;
  lostNotifications: number;
}

/** `receivedDatagrams` → `received_datagrams`, `answered200` → `answered_200`. */
function snakeCase(name: string): string {
  return name
    .replace(/([a-z])([0-9])/g, '$1_$2')
    .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export function createRegistry(counters: SharedCounters, sources: GaugeSources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number | undefined) => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read() ?? Number.NaN);
      },
    });
  };
  gauge('bchf_ledger_height', 'Height of the newest committed block.', sources.ledgerHeight);
  gauge('bchf_index_height', 'Height of the block that is served.', sources.indexHeight);
  gauge(
    'bchf_index_lag_milliseconds',
    'How long the newest block has been waiting to be served; NaN without a ledger.',
    sources.lagMs,
  );
  gauge('bchf_workers', 'Serving threads that run.', sources.workers);
  gauge('bchf_http_native', '1: native uWebSockets.js, 0: its stand-in.', sources.httpNative);
  gauge('bchf_routes', 'Routes in the route table.', sources.routes);
  gauge('bchf_generation', 'Which index is served: rises with each swap.', sources.generation);
  gauge(
    'bchf_index_fill_ratio',
    "Largest share of its limit to which an index's memory has grown.",
    sources.indexFill,
  );
  const counter = (name: string, help: string, read: () => number) =>
    addTotalCounter(registry, name, help, read);
  const { workerDeaths, snapshots } = sources;
  counter('bchf_worker_deaths_total', 'Serving threads that ended by themselves.', workerDeaths);
  counter('bchf_snapshot_swaps_total', 'Swaps and rollbacks.', () => snapshots().swaps);
  counter(
    'bchf_snapshot_refusals_total',
    'Swaps, rollbacks and comparisons that were refused.',
    () => snapshots().refusals,
  );
  counter(
    'bchf_snapshot_writes_total',
    'Snapshots written while serving.',
    () => snapshots().saved,
  );
  counter(
    'bchf_snapshot_write_failures_total',
    'Snapshots that could not be written.',
    () => snapshots().saveFailures,
  );
  counter(
    'bchf_admin_wrong_tokens_total',
    'Requests with a wrong token at the admin port.',
    sources.adminWrongTokens,
  );
  new Gauge({
    name: 'bchf_index_entries',
    help: 'Entries of the index.',
    labelNames: ['identity', 'entry'],
    registers,
    collect() {
      for (const { identity, entry, count } of sources.entries()) {
        this.set({ identity, entry }, count);
      }
    },
  });
  new Gauge({
    name: 'bchf_index_bytes',
    help: 'Memory that the index uses.',
    labelNames: ['identity'],
    registers,
    collect() {
      for (const { identity, bytes } of sources.indexBytes()) this.set({ identity }, bytes);
    },
  });
  new Gauge({
    name: 'bchf_udp_receive_buffer_bytes',
    help: "Room for packets that wait in a protocol's sockets, by the kernel's count.",
    labelNames: ['protocol'],
    registers,
    collect() {
      for (const { protocol, receiveBufferBytes } of sources.udpMemory()) {
        this.set({ protocol }, receiveBufferBytes);
      }
    },
  });
  new Counter({
    name: 'bchf_udp_socket_drops_total',
    help: 'Packets that the kernel dropped because they found no room in a socket.',
    labelNames: ['protocol'],
    registers,
    collect() {
      this.reset();
      for (const { protocol, drops } of sources.udpMemory()) this.inc({ protocol }, drops);
    },
  });
  for (const { group, name, help, total } of counters.counters()) {
    counter(metricName(group, name), help, total);
  }
  const { nrf } = sources;
  if (nrf) {
    gauge('bchf_nrf_instances', 'NF instances registered.', () => nrf().instances);
    gauge('bchf_nrf_subscriptions', 'Subscriptions to them.', () => nrf().subscriptions);
    counter(
      metricName('nrf', 'sentNotifications'),
      'Notifications that subscribers took.',
      () => nrf().sentNotifications,
    );
    counter(
      metricName('nrf', 'lostNotifications'),
      'Notifications that subscribers did not take.',
      () => nrf().lostNotifications,
    );
  }
  return registry;
}

/** The metric of a counter: `enum`, `answeredNxdomain` → `bchf_enum_answered_nxdomain_total`. */
export function metricName(group: string, name: string): string {
  return `bchf_${snakeCase(group)}_${snakeCase(name)}_total`;
}
