// What the main thread and a serving thread say to each other.

import type { Identity } from '../ledger/number.ts';
import type { AccessEvent, AccessRequest, AccessStart } from './access/access-messages.ts';
import type { EnumSettings } from './enum/enum-settings.ts';
import type { HttpAnswer } from './http/http-answer.ts';
import type { PostedAnswer, PostedQuestion } from './ledger-questions.ts';
import type { RouteChanges, RouteReplacement } from './route-table.ts';
import type { SbiRequest } from './sbi/sbi-message.ts';
import type { SbiSettings } from './sbi/sbi-settings.ts';
import type { UdpStart } from './udp/udp-plan.ts';

/** Port by interface; 0 lets the system choose. ENUM has one port for UDP and TCP. */
export interface ListeningPorts {
  http: number;
  batch: number;
  enum: number;
  pdb: number;
  sbi: number;
}

/**
 * Which sockets a thread opens, but for those of UDP: not every system lets several threads share every
 * port.
 */
export interface WorkerSockets {
  http: boolean;
  enumTcp: boolean;
  sbi: boolean;
}

/**
 * What is served until the next swap: a pair of indexes with the routes that their entries lead to.
 * Blocks of a ledger change it, a swap replaces it.
 */
export interface GenerationStart {
  /** Rises with each swap. */
  number: number;
  memories: Record<Identity, WebAssembly.Memory>;
  /** The whole route table. */
  routes: RouteChanges;
  /** Which table of the packet memory has the carriers of these routes. */
  carrierTable: number;
}

/** The same for a thread that serves another generation until then. */
export interface GenerationChange extends Omit<GenerationStart, 'routes'> {
  routes: RouteReplacement;
}

/** What a thread is started with. */
export interface WorkerStart {
  /** From 0: its row of the counters. */
  worker: number;
  /** How many threads there are, whatever they serve. */
  workerCount: number;
  generation: GenerationStart;
  newestBlock: SharedArrayBuffer;
  counters: SharedArrayBuffer;
  histograms: SharedArrayBuffer;
  host: string;
  ports: ListeningPorts;
  sockets: WorkerSockets;
  sbi: SbiSettings;
  /** Whether its TCP sockets, but for HTTP, do. */
  reuseTcpPort: boolean;
  enumSettings: EnumSettings;
  /** `undefined` where access is open to all and nothing is noted of it. */
  access: AccessStart | undefined;
  /** Of the HTTP port; `undefined`: clear text. */
  httpTls: { certFile: string; keyFile: string } | undefined;
  /** What a thread of UDP is given. */
  udp: UdpStart | undefined;
  /** Whether a ledger is followed that may be asked. */
  followsLedger: boolean;
  /** Streams of changes that one thread of HTTP takes, and one of the service-based interfaces. */
  changeStreamsMax: { http: number; sbi: number };
  /** Open files of the process at which HTTP takes no more connections; 0: by the system's limit. */
  httpOpenFilesMax: number;
}

export type WorkerRequest =
  | { type: 'routes'; changes: RouteChanges }
  /** Answer from this one from now on. */
  | { type: 'generation'; generation: GenerationChange }
  | { type: 'enum-settings'; settings: EnumSettings }
  | { type: 'access'; request: AccessRequest }
  | { type: 'metrics'; text: string }
  | { type: 'nrf-answer'; question: number; answer: HttpAnswer }
  | { type: 'ledger-answer'; posted: PostedAnswer }
  /** The entries of a block are visible, and those of all blocks before it; told where it can be followed. */
  | { type: 'block-served'; height: number }
  | { type: 'stop' };

export type WorkerEvent =
  /** Its places among the readers of the indexes, to be given back should it die. */
  | { type: 'reading'; generation: number; readerNumbers: Record<Identity, number> }
  | { type: 'listening'; ports: ListeningPorts }
  /** A socket could not be opened; the thread ends. */
  | { type: 'refused'; message: string }
  | { type: 'routes-applied'; version: number }
  /** Every answer is of this generation from now on. */
  | { type: 'generation-applied'; generation: number }
  /** Nothing in this thread, or in those that it has started, reads this generation any more. */
  | { type: 'generation-released'; generation: number }
  | { type: 'metrics-wanted' }
  | { type: 'access'; event: AccessEvent }
  /** What only the minimal NRF of the main thread can answer. */
  | { type: 'nrf-question'; question: number; request: SbiRequest }
  /** What only the ledger of the main thread can answer. */
  | { type: 'ledger-question'; posted: PostedQuestion }
  /** A request or the thread itself failed; in the second case the thread ends. */
  | { type: 'fault'; message: string; requestId?: string };
