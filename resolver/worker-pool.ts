// The serving threads: starts them, replaces one that dies, tells them of new routes, stops them.

import { Worker } from 'node:worker_threads';
import type { Identity } from '../ledger/number.ts';
import type { AccessHost } from './access/access-host.ts';
import type { AccessRequest } from './access/access-messages.ts';
import type { EnumSettings } from './enum/enum-settings.ts';
import type { HttpAnswer } from './http/http-answer.ts';
import type { AskLedger, PostedQuestion } from './ledger-questions.ts';
import type { Log } from './log.ts';
import { ResolverError } from './resolver-error.ts';
import type { RouteChanges } from './route-table.ts';
import type { SbiRequest } from './sbi/sbi-message.ts';
import { PORT_NAMES, ThreadPlan } from './thread-plan.ts';
import type { UdpPlan } from './udp/udp-plan.ts';
import type {
  GenerationChange,
  ListeningPorts,
  WorkerEvent,
  WorkerRequest,
  WorkerStart,
} from './worker-messages.ts';

/** Replacements in {@link REPLACEMENTS_WINDOW_MS} after which the pool gives up. */
const REPLACEMENTS_MAX = 10;
const REPLACEMENTS_WINDOW_MS = 60_000;
/** A thread that has not ended so long after it was told to is left behind. */
const STOP_MAX_MS = 5000;

export interface PoolOptions {
  /** Threads of all interfaces but the service-based ones, which have their own. */
  workerCount: number;
  sbiWorkerCount: number;
  /** Threads of UDP and what they are given. */
  udp: Pick<UdpPlan, 'threads' | 'startOf' | 'wake'>;
  ports: ListeningPorts;
  /** What the platform can share between threads. */
  sharing: { http: boolean; tcp: boolean };
  /** The rest of what a thread is started with, asked anew for each, because routes change. */
  startOf: () => Omit<WorkerStart, 'worker' | 'ports' | 'sockets' | 'reuseTcpPort' | 'udp'>;
  metrics: () => Promise<string>;
  /** Absent where access is open to all. */
  access?: Pick<AccessHost, 'onEvent'> | undefined;
  askNrf: (request: SbiRequest) => Promise<HttpAnswer>;
  /** Absent where no ledger is followed. */
  askLedger?: AskLedger | undefined;
  log: Log;
  now: () => number;
  /** A thread died without giving its places among the readers back. */
  onDeath: (generation: number, readerNumbers: Record<Identity, number>) => void;
  /** Threads die faster than replacing them makes sense. */
  onFailure: (error: ResolverError) => void;
}

interface Member {
  worker: Worker;
  udpThread: number | undefined;
  isListening: boolean;
  /** Whoever waits for this thread to tell of an event, by its name and number. */
  waiting: Map<string, () => void>;
  reading?: { generation: number; readerNumbers: Record<Identity, number> };
}

export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #plan: ThreadPlan;
  readonly #members: (Member | undefined)[] = [];
  readonly #replacementsMs: number[] = [];
  #ports: ListeningPorts;
  #isStopping = false;
  #deaths = 0;

  private constructor(options: PoolOptions) {
    this.#options = options;
    const { workerCount, sbiWorkerCount, udp, sharing } = options;
    this.#plan = new ThreadPlan({ workerCount, sbiWorkerCount, udpThreads: udp.threads }, sharing);
    this.#ports = { ...options.ports };
  }

  /** Starts all threads and waits until they listen. Throws BCHF_LISTEN_FAILED. */
  static async start(options: PoolOptions): Promise<WorkerPool> {
    const pool = new WorkerPool(options);
    try {
      for (const wave of pool.#plan.waves(options.ports)) {
        await Promise.all(wave.map((number) => pool.#startWorker(number)));
      }
    } catch (error) {
      await pool.stop();
      throw error;
    }
    return pool;
  }

  get ports(): ListeningPorts {
    return this.#ports;
  }

  /** Threads that serve at this moment. */
  get count(): number {
    return this.#members.filter((member) => member?.isListening).length;
  }

  /** Threads that ended by themselves so far. */
  get deaths(): number {
    return this.#deaths;
  }

  /** Publishes routes to every thread; resolves when each has them, so that entries may follow. */
  async publishRoutes(changes: RouteChanges): Promise<void> {
    const applied = this.#everyThreadTells(`routes-applied ${changes.version}`);
    this.#postAll({ type: 'routes', changes });
    await applied;
  }

  /**
   * Has every thread serve another generation. A thread that is started from now on must begin with it:
   * `startOf` tells it already.
   *
   * `applied` resolves when no thread answers from the one before any more, `released` when none reads it.
   */
  publishGeneration(
    generation: GenerationChange,
    before: number,
  ): { applied: Promise<void>; released: Promise<void> } {
    const applied = this.#everyThreadTells(`generation-applied ${generation.number}`);
    const released = this.#everyThreadTells(`generation-released ${before}`);
    this.#postAll({ type: 'generation', generation });
    return { applied, released };
  }

  /** Resolves when each thread of now has told of the event, or has ended. */
  async #everyThreadTells(event: string): Promise<void> {
    await Promise.all(
      this.#members.map(
        (member) => member && new Promise<void>((resolve) => member.waiting.set(event, resolve)),
      ),
    );
  }

  /** Tells the threads that have streams of changes that a block is served. */
  publishServed(height: number): void {
    for (const [number, member] of this.#members.entries()) {
      const { http, sbi } = this.#plan.socketsOf(number);
      if (member && (http || sbi)) {
        this.#post(member, { type: 'block-served', height });
      }
    }
  }

  #postAll(request: WorkerRequest): void {
    for (const member of this.#members) if (member) this.#post(member, request);
  }

  /** Tells every thread of other ENUM settings. */
  publishEnumSettings(settings: EnumSettings): void {
    this.#postAll({ type: 'enum-settings', settings });
  }

  /** Tells every thread that decides on access of other rules. */
  publishAccess(request: AccessRequest): void {
    for (const member of this.#members) {
      if (member?.udpThread === undefined && member)
        this.#post(member, { type: 'access', request });
    }
  }

  /** Lets every thread answer what it has, close its sockets and end. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(
      this.#members.map((member, number) => {
        if (!member) return undefined;
        return new Promise<void>((resolve) => {
          const leaving = setTimeout(() => {
            this.#options.log.error({ worker: number }, 'thread does not end and is left behind');
            // Not terminated: with its sockets open that would take the process down.
            member.worker.unref();
            resolve();
          }, STOP_MAX_MS);
          member.worker.once('exit', () => {
            clearTimeout(leaving);
            resolve();
          });
          this.#post(member, { type: 'stop' });
        });
      }),
    );
  }

  /** A thread of UDP may be waiting for packets, where no message reaches it. */
  #post(member: Member, request: WorkerRequest): void {
    member.worker.postMessage(request);
    if (member.udpThread !== undefined) this.#options.udp.wake(member.udpThread);
  }

  #startWorker(number: number, isReplacement = false): Promise<void> {
    const { startOf, sharing, log, udp } = this.#options;
    const udpThread = this.#plan.udpThreadOf(number);
    const start: WorkerStart = {
      ...startOf(),
      worker: number,
      ports: this.#ports,
      sockets: this.#plan.socketsOf(number),
      reuseTcpPort: sharing.tcp,
      udp: udpThread === undefined ? undefined : udp.startOf(udpThread),
    };
    const script = udpThread === undefined ? './worker.js' : './udp-worker.js';
    const worker = new Worker(new URL(script, import.meta.url), { workerData: start });
    const member: Member = { worker, udpThread, isListening: false, waiting: new Map() };
    this.#members[number] = member;
    return new Promise((resolve, reject) => {
      worker.on('message', (event: WorkerEvent) => {
        switch (event.type) {
          case 'reading':
            member.reading = event;
            break;
          case 'listening':
            for (const name of PORT_NAMES) this.#ports[name] ||= event.ports[name];
            member.isListening = true;
            resolve();
            break;
          case 'refused':
            reject(new ResolverError('BCHF_LISTEN_FAILED', event.message));
            break;
          case 'routes-applied':
            told(member, `${event.type} ${event.version}`);
            break;
          case 'generation-applied':
          case 'generation-released':
            told(member, `${event.type} ${event.generation}`);
            break;
          case 'nrf-question':
            this.#answerNrf(member, event.question, event.request);
            break;
          case 'metrics-wanted':
            this.#sendMetrics(member);
            break;
          case 'access':
            this.#options.access?.onEvent(event.event, (request) =>
              this.#post(member, { type: 'access', request }),
            );
            break;
          case 'ledger-question':
            this.#answerLedger(member, event.posted);
            break;
          case 'fault':
            log.error({ worker: number, requestId: event.requestId }, event.message);
            break;
        }
      });
      worker.on('error', (error) => log.error({ worker: number, err: error }, 'thread failed'));
      worker.on('exit', (code) => {
        this.#members[number] = undefined;
        for (const done of member.waiting.values()) done();
        if (code !== 0 && member.reading) {
          const { generation, readerNumbers } = member.reading;
          this.#options.onDeath(generation, readerNumbers);
        }
        reject(new ResolverError('BCHF_WORKER_FAILED', `thread ${number} ended with ${code}`));
        // Also a replacement that could not open its sockets. A thread of the pool's start that
        // never listened is none: the start has failed with it.
        if (!this.#isStopping && (member.isListening || isReplacement)) this.#replace(number);
      });
    });
  }

  #replace(number: number): void {
    const { now, log, onFailure } = this.#options;
    this.#deaths++;
    const nowMs = now();
    this.#replacementsMs.push(nowMs);
    while ((this.#replacementsMs[0] as number) < nowMs - REPLACEMENTS_WINDOW_MS) {
      this.#replacementsMs.shift();
    }
    if (this.#replacementsMs.length > REPLACEMENTS_MAX) {
      const message = `serving threads ended ${this.#replacementsMs.length} times in a minute`;
      onFailure(new ResolverError('BCHF_WORKER_FAILED', message));
      return;
    }
    log.warn({ worker: number }, 'thread is replaced');
    this.#startWorker(number, true).catch((error) => {
      log.error({ worker: number, err: error }, 'thread could not be replaced');
    });
  }

  async #answerNrf(member: Member, question: number, request: SbiRequest): Promise<void> {
    const answer = await this.#options.askNrf(request);
    this.#post(member, { type: 'nrf-answer', question, answer });
  }

  async #answerLedger(member: Member, { id, name, question }: PostedQuestion): Promise<void> {
    const { askLedger } = this.#options;
    if (!askLedger) throw new TypeError('a thread asks a ledger that nobody follows');
    const posted = await askLedger(name, question).then(
      (answer) => ({ id, answer }),
      (error: unknown) => ({ id, fault: error instanceof Error ? error.message : String(error) }),
    );
    this.#post(member, { type: 'ledger-answer', posted });
  }

  async #sendMetrics(member: Member): Promise<void> {
    const text = await this.#options.metrics();
    this.#post(member, { type: 'metrics', text });
  }
}

function told(member: Member, event: string): void {
  member.waiting.get(event)?.();
  member.waiting.delete(event);
}
