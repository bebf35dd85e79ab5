// The number space as the admin port tells it: `GET /admin/v1/number-space?identity=&prefix=&digits=`.
// A thread counts (number-space-thread); it is there while somebody asks, and never reads an index that
// is not served any more.

import { Worker } from 'node:worker_threads';
import { IDENTITIES, type Identity, parseDigits } from '../../ledger/number.ts';
import type { Route } from '../../ledger/route.ts';
import type { HttpAnswer } from '../http/http-answer.ts';
import type { Log } from '../log.ts';
import type { IndexPair } from '../snapshot/snapshot-file.ts';
import { json, refusal } from './admin-answer.ts';
import type { NumberSpace } from './console-model.ts';
import type { MemberTable } from './number-space-counts.ts';
import type {
  NumberSpaceEvent,
  NumberSpaceQuestion,
  NumberSpaceStart,
} from './number-space-messages.ts';

/** Without questions for so long, the thread ends. */
const IDLE_MS = 60_000;
/** Questions that wait for their answer; more are refused. */
const WAITING_MAX = 16;
/** A prefix is at most so long that a digit can follow. */
const PREFIX_DIGITS_MAX = 14;

export interface NumberSpaceSources {
  indexes: () => IndexPair;
  routes: () => readonly Route[];
  log: Log;
}

interface Thread {
  worker: Worker;
  indexes: IndexPair;
  routeCount: number;
  readerNumbers: Record<Identity, number> | undefined;
  ended: Promise<void>;
}

export class NumberSpaceHost {
  readonly #sources: NumberSpaceSources;
  readonly #waiting = new Map<number, (answer: NumberSpace | undefined) => void>();
  #thread: Thread | undefined;
  /** Threads that were told to end and may still be reading. */
  readonly #ending = new Set<Promise<void>>();
  #idle: NodeJS.Timeout | undefined;
  #lastId = 0;

  constructor(sources: NumberSpaceSources) {
    this.#sources = sources;
  }

  /** Answers a request; 400 for one that is none, 503 where too many wait or the thread ended. */
  async answer(query: URLSearchParams): Promise<HttpAnswer> {
    const question = questionOf(query);
    if (typeof question === 'string') return refusal(400, 'BCHF_ADMIN_REQUEST', question);
    if (this.#waiting.size >= WAITING_MAX) return busy();
    const answer = await this.#ask(question);
    return answer ? json(answer) : busy();
  }

  #ask(question: Omit<NumberSpaceQuestion, 'id'>): Promise<NumberSpace | undefined> {
    const thread = this.#currentThread();
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.leave(), IDLE_MS).unref();
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      thread.worker.postMessage({ id, ...question });
    });
  }

  /** The thread over what is served now, with the routes of now. */
  #currentThread(): Thread {
    const { indexes, routes } = this.#sources;
    const thread = this.#thread;
    const isOfNow = thread?.indexes === indexes() && thread.routeCount === routes().length;
    if (thread && isOfNow) return thread;
    this.leave();
    return this.#start();
  }

  #start(): Thread {
    const indexes = this.#sources.indexes();
    const routes = this.#sources.routes();
    const start: NumberSpaceStart = {
      memories: { imsi: indexes.imsi.memory, msisdn: indexes.msisdn.memory },
      table: membersOf(routes),
    };
    const script = new URL('./number-space-thread.js', import.meta.url);
    const worker = new Worker(script, { workerData: start });
    worker.unref();
    const thread: Thread = {
      worker,
      indexes,
      routeCount: routes.length,
      readerNumbers: undefined,
      ended: new Promise((resolve) => worker.once('exit', () => resolve())),
    };
    worker.on('message', (event: NumberSpaceEvent) => {
      if (event.type === 'reading') thread.readerNumbers = event.readerNumbers;
      else this.#answered(event.id, event.answer);
    });
    worker.on('error', (err) =>
      this.#sources.log.warn({ err }, 'counting the number space failed'),
    );
    worker.on('exit', () => this.#ended(thread));
    this.#thread = thread;
    return thread;
  }

  #answered(id: number, answer: NumberSpace | undefined): void {
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
  }

  /** A thread that was ended in the middle has left its places among the readers taken. */
  #ended(thread: Thread): void {
    if (thread.readerNumbers) {
      for (const identity of IDENTITIES) {
        thread.indexes[identity].evictReader(thread.readerNumbers[identity]);
      }
    }
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    for (const id of [...this.#waiting.keys()]) this.#answered(id, undefined);
  }

  /** Ends the thread; resolves when it reads no index any more. */
  async leave(): Promise<void> {
    clearTimeout(this.#idle);
    const thread = this.#thread;
    if (thread) {
      this.#thread = undefined;
      for (const id of [...this.#waiting.keys()]) this.#answered(id, undefined);
      this.#ending.add(thread.ended);
      thread.ended.then(() => this.#ending.delete(thread.ended));
      thread.worker.terminate();
    }
    await Promise.all(this.#ending);
  }
}

function questionOf(query: URLSearchParams): Omit<NumberSpaceQuestion, 'id'> | string {
  const identity = IDENTITIES.find((one) => one === (query.get('identity') ?? 'msisdn'));
  if (!identity) return `identity is one of ${IDENTITIES.join(', ')}.`;
  const text = query.get('prefix') ?? '';
  const prefix = text === '' ? 1 : parseDigits(text);
  if (prefix === undefined || text.length > PREFIX_DIGITS_MAX) {
    return `prefix has at most ${PREFIX_DIGITS_MAX} digits.`;
  }
  const digits = query.get('digits') ?? '2';
  if (digits !== '1' && digits !== '2') return 'digits is 1 or 2.';
  const digitsLeft = text.length === PREFIX_DIGITS_MAX ? 1 : Number(digits);
  return { identity, prefix, digits: digitsLeft as 1 | 2 };
}

function membersOf(routes: readonly Route[]): MemberTable {
  const members = [...new Set(routes.map(({ member }) => member))];
  const numbers = new Map(members.map((member, number) => [member, number]));
  return { members, memberOfRoute: Uint32Array.from(routes, ({ member }) => numbers.get(member)!) };
}

function busy(): HttpAnswer {
  return refusal(503, 'BCHF_ADMIN_REQUEST', 'The number space is not counted now.', {}, [
    ['retry-after', '1'],
  ]);
}
