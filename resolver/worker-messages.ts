// What the main thread and a serving thread say to each other.

import type { Identity } from '../ledger/number.ts';
import type { EnumZoneSettings } from './enum/enum-zone.ts';
import type { HttpAnswer } from './http/http-answer.ts';
import type { RouteChanges } from './route-table.ts';
import type { SbiRequest } from './sbi/sbi-message.ts';
import type { SbiSettings } from './sbi/sbi-settings.ts';

/** Port by interface; 0 lets the system choose. ENUM has one port for UDP and TCP. */
export interface ListeningPorts {
  http: number;
  batch: number;
  enum: number;
  sbi: number;
}

/** Which sockets a thread opens: not every system lets several threads share every port. */
export interface WorkerSockets {
  http: boolean;
  batch: boolean;
  enumUdp: boolean;
  enumTcp: boolean;
  sbi: boolean;
}

/** What a thread is started with. */
export interface WorkerStart {
  /** From 0: its row of the counters. */
  worker: number;
  /** How many threads there are, whatever they serve. */
  workerCount: number;
  memories: Record<Identity, WebAssembly.Memory>;
  /** The whole route table. */
  routes: RouteChanges;
  newestBlock: SharedArrayBuffer;
  counters: SharedArrayBuffer;
  host: string;
  ports: ListeningPorts;
  sockets: WorkerSockets;
  /** Whether its UDP sockets share their ports with other threads'. */
  reusePort: boolean;
  enumZone: EnumZoneSettings;
  sbi: SbiSettings;
}

export type WorkerRequest =
  | { type: 'routes'; changes: RouteChanges }
  | { type: 'metrics'; text: string }
  | { type: 'nrf-answer'; question: number; answer: HttpAnswer }
  | { type: 'stop' };

export type WorkerEvent =
  /** Its places among the readers of the indexes, to be given back should it die. */
  | { type: 'reading'; readerNumbers: Record<Identity, number> }
  | { type: 'listening'; ports: ListeningPorts }
  /** A socket could not be opened; the thread ends. */
  | { type: 'refused'; message: string }
  | { type: 'routes-applied'; version: number }
  | { type: 'metrics-wanted' }
  /** What only the minimal NRF of the main thread can answer. */
  | { type: 'nrf-question'; question: number; request: SbiRequest }
  /** A request or the thread itself failed; in the second case the thread ends. */
  | { type: 'fault'; message: string };
