// What every serving thread has, whatever sockets it serves: its readers of the shared index
// memories, its routes, its counters, and the way in which it begins, is told things, fails and
// ends.
//
// Threads are started by worker-pool; their messages are in worker-messages.

import type { MessagePort } from 'node:worker_threads';
import { IDENTITIES, type Identity } from '../ledger/number.ts';
import { openReader, type WasmReader } from '../wasm/wasm-reader.ts';
import { COUNTER_TABLE, HISTOGRAM_TABLE } from './counter-table.ts';
import { NewestBlock } from './freshness.ts';
import { type ReadCounts, SharedCounters } from './metrics/shared-counters.ts';
import { NumberResolver } from './resolve.ts';
import { RouteTable } from './route-table.ts';
import type {
  GenerationChange,
  GenerationStart,
  ListeningPorts,
  WorkerEvent,
  WorkerRequest,
  WorkerStart,
} from './worker-messages.ts';

const COUNTERS_INTERVAL_MS = 250;
/** Longest time that a thread takes to close its sockets after a fault. */
const CLOSING_MAX_MS = 2000;

export class ServingThread {
  readonly start: WorkerStart;
  /** Of the generation that is served: a swap replaces both in place. */
  readonly readers: Record<Identity, WasmReader>;
  readonly routes = new RouteTable();
  readonly newest: NewestBlock;
  readonly resolver: NumberResolver;
  /** What the thread counts, by group; see counter-table.ts. */
  readonly counts: Record<string, ReadCounts> = {};
  readonly histograms: Record<string, ReadCounts> = {};
  /** Closes in the order in which they were opened. */
  readonly closers: (() => void | Promise<void>)[] = [];
  /** What else may be reading the memories: each tells when all that it has begun is done. */
  readonly otherReaders: (() => Promise<unknown>)[] = [];
  #generation: Pick<GenerationStart, 'number' | 'memories'>;
  readonly #port: MessagePort;
  readonly #copyCounters: () => void;
  readonly #copying: NodeJS.Timeout;
  #listening: Promise<ListeningPorts> | undefined;
  #isFailing = false;

  constructor(port: MessagePort, start: WorkerStart) {
    this.#port = port;
    this.start = start;
    this.#generation = start.generation;
    this.readers = openReaders(start.generation);
    this.#tellReading();
    this.routes.apply(start.generation.routes);
    this.newest = new NewestBlock(start.newestBlock);
    this.resolver = new NumberResolver(this.readers, this.routes, this.newest, Date.now);
    const { worker, workerCount } = start;
    const counters = new SharedCounters(COUNTER_TABLE, workerCount, start.counters);
    const histograms = new SharedCounters(HISTOGRAM_TABLE, workerCount, start.histograms);
    const copies = [
      counters.mirror(worker, this.counts),
      histograms.mirror(worker, this.histograms),
    ];
    this.#copyCounters = () => {
      for (const copy of copies) copy();
    };
    this.#copying = setInterval(this.#copyCounters, COUNTERS_INTERVAL_MS);
    process.on('uncaughtException', (error) => this.fail(error));
  }

  /** The memories of the generation that is served. */
  get memories(): Record<Identity, WebAssembly.Memory> {
    return this.#generation.memories;
  }

  #tellReading(): void {
    const { imsi, msisdn } = this.readers;
    this.post({
      type: 'reading',
      generation: this.#generation.number,
      readerNumbers: { imsi: imsi.readerNumber, msisdn: msisdn.readerNumber },
    });
  }

  /**
   * Serves another generation. Requests are answered in one turn of the thread, so each answer is of
   * one generation; what takes longer keeps what it began with (`pinned`, `otherReaders`).
   */
  #use(generation: GenerationChange): void {
    const before = { ...this.readers };
    const { number } = this.#generation;
    Object.assign(this.readers, openReaders(generation));
    this.#generation = generation;
    this.routes.replace(generation.routes);
    for (const identity of IDENTITIES) before[identity].close();
    this.#tellReading();
    const released = Promise.all(this.otherReaders.map((settled) => settled()));
    released.then(() => this.post({ type: 'generation-released', generation: number }));
  }

  post(event: WorkerEvent): void {
    this.#port.postMessage(event);
  }

  /**
   * Opens the sockets and serves until the thread is told to stop. `onRequest` is told everything but
   * the end: of changed routes after they are in the table and before any entry may lead to them, of
   * another generation when it is in place and nothing has been answered from it.
   */
  async serve(
    listen: () => Promise<ListeningPorts>,
    onRequest: (request: WorkerRequest) => void,
  ): Promise<void> {
    this.#port.on('message', (request: WorkerRequest) => {
      switch (request.type) {
        case 'routes':
          this.routes.apply(request.changes);
          onRequest(request);
          this.post({ type: 'routes-applied', version: request.changes.version });
          break;
        case 'generation':
          this.#use(request.generation);
          onRequest(request);
          this.post({ type: 'generation-applied', generation: request.generation.number });
          break;
        case 'stop':
          this.#stop();
          break;
        default:
          onRequest(request);
      }
    });
    this.#listening = listen();
    try {
      this.post({ type: 'listening', ports: await this.#listening });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.post({ type: 'refused', message });
      await this.#stop();
    }
  }

  async #closeSockets(): Promise<void> {
    clearInterval(this.#copying);
    // A socket that is being opened could not be closed yet, and would keep the thread alive.
    await this.#listening?.catch(() => {});
    for (const close of this.closers) await close();
    this.#copyCounters();
  }

  async #stop(): Promise<void> {
    await this.#closeSockets();
    for (const identity of IDENTITIES) this.readers[identity].close();
    this.#port.close();
  }

  /**
   * Ends the thread after a fault; the pool starts another in its place.
   *
   * uWebSockets.js takes the process down when its thread ends with open handles, so they are closed
   * first. The places among the readers are left to the main thread: given back here, one could be
   * another thread's when the main thread hears of this one's end and takes it away.
   */
  async fail(error: Error): Promise<void> {
    this.post({ type: 'fault', message: error.stack ?? String(error) });
    if (this.#isFailing) return;
    this.#isFailing = true;
    setTimeout(() => process.exit(1), CLOSING_MAX_MS);
    await this.#closeSockets().finally(() => process.exit(1));
  }
}

function openReaders({
  memories,
}: Pick<GenerationStart, 'memories'>): Record<Identity, WasmReader> {
  return { imsi: openReader(memories.imsi), msisdn: openReader(memories.msisdn) };
}
