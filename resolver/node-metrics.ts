// The metrics of a node's part in the ledger, beside those of serving.

import { Counter, Gauge, Registry } from 'prom-client';
import type { TransportCounters } from '../ledger/gossip/transport.ts';
import type { SyncCounters } from '../ledger/sync/chain-sync.ts';

/** What the metrics show; each is asked at every scrape. */
export interface NodeMetricSources {
  height: () => number;
  newestHeight: () => number;
  isHalted: () => boolean;
  peers: () => number;
  pendingTransactions: () => number;
  pendingBytes: () => number;
  sync: () => Readonly<SyncCounters>;
  transport: () => Readonly<TransportCounters>;
}

const SYNC_HELP: Record<keyof SyncCounters, [name: string, help: string]> = {
  applied: ['blocks_applied', 'Blocks that came from others and were applied.'],
  fetched: ['blocks_fetched', 'Blocks that were fetched by request.'],
  forged: ['blocks_forged', 'Blocks, announcements and answers that prove nothing.'],
  conflicts: ['blocks_conflicting', 'Proven blocks of a height with another proven block.'],
  fetchFailures: ['fetch_failures', 'Requests for blocks that failed.'],
};

const TRANSPORT_HELP: Record<keyof TransportCounters, [name: string, help: string]> = {
  accepted: ['messages_accepted', 'Messages that were taken and passed on.'],
  ignored: ['messages_ignored', 'Messages that were known or of no use.'],
  rejected: ['messages_rejected', 'Messages that no honest peer sends.'],
  overRate: ['over_rate', 'Messages and requests beyond the rate of a peer.'],
  answered: ['requests_answered', 'Requests of peers that were answered.'],
  refused: ['requests_refused', 'Requests of peers that were refused or broke off.'],
  penalised: ['peers_penalised', 'How often a peer was scored down for an answer.'],
};

export function createNodeRegistry(sources: NodeMetricSources): Registry {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) => {
    new Gauge({
      name: `bchf_node_${name}`,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  const counter = (name: string, help: string, read: () => number) => {
    new Counter({
      name: `bchf_node_${name}_total`,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  gauge('height', 'Height of the ledger on this node.', sources.height);
  gauge('newest_height', 'Height of the newest block known to be committed.', sources.newestHeight);
  gauge(
    'halted',
    '1: the node has met a block that it cannot take, and follows no further. Alarm.',
    () => (sources.isHalted() ? 1 : 0),
  );
  gauge('peers', 'Nodes that are connected.', sources.peers);
  gauge('pending_transactions', 'Transactions that wait for a block.', sources.pendingTransactions);
  gauge('pending_bytes', 'Bytes of transactions that wait for a block.', sources.pendingBytes);
  for (const [key, [name, help]] of Object.entries(SYNC_HELP)) {
    counter(name, help, () => sources.sync()[key as keyof SyncCounters]);
  }
  for (const [key, [name, help]] of Object.entries(TRANSPORT_HELP)) {
    counter(name, help, () => sources.transport()[key as keyof TransportCounters]);
  }
  return registry;
}
