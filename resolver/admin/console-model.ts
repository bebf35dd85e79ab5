// What the admin port tells the console: shapes alone, so that the page and the server share them and
// nothing else.

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
