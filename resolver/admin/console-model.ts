// What the admin port tells the console: shapes alone, so that the page and the server share them and
// nothing else.

import type { SnapshotDiff, SwapResult } from '../snapshot/swap-answers.ts';

export const INTERFACE_IDS = ['http', 'batch', 'enum', 'pdb', 'sbi'] as const;
export type InterfaceId = (typeof INTERFACE_IDS)[number];

/** What an interface did in an interval. Rates are per second, latencies in microseconds. */
export interface InterfaceFigures {
  requests: number;
  lookups: number;
  /** Answers that something is wrong with this server. */
  failures: number;
  /** Requests that got no answer: malformed, over a limit, or more than could be taken. */
  drops: number;
  /** Of the answers of the interval; `null` where there were none, or they are not measured. */
  p50Us: number | null;
  p99Us: number | null;
  p999Us: number | null;
}

/** What was so in one interval. */
export interface FiguresSample {
  /** End of the interval, milliseconds since 1970. */
  atMs: number;
  height: number;
  /** How long the newest block has been waiting; `null` without a ledger. */
  lagMs: number | null;
  /** Serving threads. */
  threads: number;
  /** Cores' worth of processor time that the process used. */
  cpu: number;
  residentBytes: number;
  interfaces: Record<InterfaceId, InterfaceFigures>;
}

/** The answer of `/admin/v1/figures`. */
export interface Figures {
  intervalMs: number;
  /** Oldest first. */
  samples: FiguresSample[];
}

/** The answer of `/admin/v1/status`. */
export interface Status {
  block: { height: number; blockHash: string; time: string };
  lagMs: number | null;
  workers: number;
  httpNative: boolean;
  udpAdapter: string;
  routes: number;
  entries: Record<'imsi' | 'msisdn', EntryCounts>;
  ports: Record<'http' | InterfaceId, number>;
}

export interface EntryCounts {
  prefix: number;
  fragmented: number;
  ported: number;
}

/** What lies below one of the digits that come next. */
export interface NumberSpaceCell {
  /** The prefix's digits and those that come next. */
  digits: string;
  /** Whose prefixes and runs the numbers are, the largest shares first, three at most. */
  owners: { member: string; share: number }[];
  /** Share, 0 to 1, of the numbers that no prefix and no run covers. */
  uncovered: number;
  fragmented: number;
  ported: number;
  /** Share, 0 to 1, of the numbers of the usual length that are ported; `null` where none tells it. */
  portedDensity: number | null;
  /** Who has most of the ported numbers, three at most. */
  portedTo: { member: string; numbers: number }[];
}

/** The answer of `/admin/v1/number-space`. */
export type NumberSpace =
  | { state: 'counting'; counted: number; total: number }
  | {
      state: 'counted';
      identity: 'imsi' | 'msisdn';
      prefix: string;
      /** When ported numbers and runs were counted, and for what height. */
      countedAtMs: number;
      height: number;
      cells: NumberSpaceCell[];
    };

/** The answer of `GET /admin/v1/snapshots`. */
export interface SnapshotList {
  serving: string | null;
  previous: string | null;
  swap: { state: string; file: string; since: string } | null;
  /** The newest first. */
  snapshots: {
    name: string;
    height: number;
    blockHash: string;
    createdAt: string;
    bytes: number;
    entries: Record<'imsi' | 'msisdn', EntryCounts>;
    routes: number;
    chainId: string | null;
    isServing: boolean;
    isPinned: boolean;
  }[];
  /** Files that are none, or of another version. */
  damaged: { name: string; code: string }[];
}

/** The answer of `GET /admin/v1/snapshots/diff`. */
export type ComparedSnapshots = SnapshotDiff & { from: string; to: string };

/** The answer of `POST /admin/v1/swap` and `/admin/v1/rollback`. */
export type { SwapResult };

/** One of the answer of `GET /admin/v1/alarms`. */
export interface Alarm {
  name: string;
  severity: 'critical' | 'warning' | 'info';
  /**
   * `raised`: it holds, and has for as long as the rule asks; `pending`: it holds; `unknown`: what it
   * asks for is not measured in this process.
   */
  state: 'raised' | 'pending' | 'ok' | 'unknown';
  /** Since when it holds, milliseconds since 1970. */
  sinceMs: number | null;
  summary: string;
  /** What to do. */
  action: string;
}

/** The answer of `GET /admin/v1/network`. */
export interface Network {
  /** `null` where the process is no node of a network. */
  node: {
    chainId: string;
    height: number;
    newestHeight: number;
    state: 'following' | 'catching-up' | 'halted';
    halted: { height: number; code: string; message: string } | null;
    peerId: string;
    addresses: string[];
    proposes: boolean;
    pendingTransactions: number;
    peers: {
      peerId: string;
      /** Height that the peer last told of; `null` where it told none. */
      height: number | null;
      /** 0 at first, less for each fault; at −80 gossip does not hear the peer any more. */
      score: number;
    }[];
  } | null;
}
