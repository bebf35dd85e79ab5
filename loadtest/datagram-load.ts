// Load over UDP, whatever the protocol: sends prepared datagrams over several sockets, in an open or a
// closed loop, matches what comes back and counts it. A protocol says what a datagram asks and judges
// the answer.

import type dgram from 'node:dgram';
import type { Histogram } from 'hdr-histogram-js';
import { openClientSocket } from '../resolver/udp/socket-client.ts';
import { measureUsage } from './generator-usage.ts';
import type { LoadOptions } from './load-options.ts';
import { LoadtestError, UNDER_WAY_DEFAULT } from './load-options.ts';
import type { LoadCounts, LoadResult } from './load-report.ts';
import { createLatencyHistogram, recordMs } from './load-report.ts';
import { runPaced } from './pacer.ts';
import type { RatePlan } from './rate-plan.ts';

/** How often time-outs are looked for. */
const SWEEP_MS = 5;

/** A datagram that only lacks its id. */
export interface Datagram {
  bytes: Uint8Array;
  /** Lookups in it. */
  count: number;
}

/** One protocol of questions and answers in datagrams. */
export interface DatagramProtocol<Prepared extends Datagram> {
  /** What to ask next. */
  next(): Prepared;
  /** Lookups in each datagram. */
  lookupsEach: number;
  /** Ids are 0 to this. */
  idMax: number;
  bytesMax: number;
  writeId(bytes: Uint8Array, id: number): void;
  /** The id of a response; −1 where it is none of the protocol. */
  readId(message: Uint8Array): number;
  /**
   * Judges a response, of which `readId` has just told the id, and counts what is wrong in
   * `counts.wrong` and `counts.errors`.
   */
  judge(prepared: Prepared, message: Uint8Array): void;
  /** Judges what had to be put aside. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

export interface DatagramLoad<Prepared extends Datagram> {
  protocol: DatagramProtocol<Prepared>;
  counts: LoadCounts;
  examples: readonly string[];
  /** Keeps a line for people. */
  tell(example: string): void;
  /** Datagrams under way on all sockets together in a closed loop. */
  inFlight: number;
}

interface Slot<Prepared> {
  prepared: Prepared;
  /** The time that latency counts from: intended in an open loop, actual in a closed one. */
  fromMs: number;
  sentMs: number;
  /** The same as `fromMs` after the begin of the run; 0 in a closed loop. */
  dueMs: number;
  /** Of the slot's own: the system may read it after `send` has returned. */
  buffer: Uint8Array;
}

interface Sender<Prepared> {
  socket: dgram.Socket;
  /** What is under way by id, the oldest first. */
  slots: Map<number, Slot<Prepared>>;
  latencies: Histogram;
}

/**
 * Runs a load test. Rejects with BCHF_LOADTEST_HOST where a socket cannot be opened; everything later
 * is in the result.
 */
export async function runDatagramLoad<Prepared extends Datagram>(
  options: LoadOptions,
  { protocol, counts, examples, tell, inFlight }: DatagramLoad<Prepared>,
): Promise<LoadResult> {
  const { host, port, plan, series, timeoutMs, signal } = options;
  const underWayMax = Math.min(options.underWayMax ?? UNDER_WAY_DEFAULT, protocol.idMax);
  const nowMs = () => performance.now();
  const freeBuffers: Uint8Array[] = [];
  let nextId = 0;
  let underWay = 0;
  let onProgress = () => {};

  const senders: Sender<Prepared>[] = [];
  async function openSenders(): Promise<void> {
    for (let at = 0; at < options.connections; at++) {
      const opened = openClientSocket(host, port);
      const socket = await reaching(options, opened);
      const sender = { socket, slots: new Map(), latencies: createLatencyHistogram() };
      senders.push(sender);
      socket.on('error', () => counts.transportErrors++);
      socket.on('message', (message) => receive(sender, message));
    }
  }

  function send(sender: Sender<Prepared>, fromMs: number | undefined, dueMs: number): void {
    const prepared = protocol.next();
    if (sender.slots.size >= underWayMax) {
      counts.unsent += prepared.count;
      return;
    }
    const sentMs = nowMs();
    // An id may still be under way where ids are few: the next free one is taken.
    while (sender.slots.has(nextId)) nextId = nextId === protocol.idMax ? 0 : nextId + 1;
    const id = nextId;
    nextId = nextId === protocol.idMax ? 0 : nextId + 1;
    const buffer = freeBuffers.pop() ?? new Uint8Array(protocol.bytesMax);
    buffer.set(prepared.bytes);
    protocol.writeId(buffer, id);
    sender.slots.set(id, { prepared, fromMs: fromMs ?? sentMs, sentMs, dueMs, buffer });
    counts.sent += prepared.count;
    series?.sent(dueMs, prepared.count);
    underWay++;
    sender.socket.send(buffer, 0, prepared.bytes.length, (error) => {
      if (error) counts.transportErrors++;
    });
  }

  function receive(sender: Sender<Prepared>, message: Uint8Array): void {
    const receivedMs = nowMs();
    const id = protocol.readId(message);
    if (id < 0) {
      counts.transportErrors++;
      tell('a datagram that is no response of the protocol');
      return;
    }
    const slot = sender.slots.get(id);
    if (slot === undefined) {
      counts.lateResponses++;
      return;
    }
    const { prepared, dueMs } = slot;
    sender.slots.delete(id);
    freeBuffers.push(slot.buffer);
    underWay--;
    recordMs(sender.latencies, receivedMs - slot.fromMs);
    series?.answered(dueMs, receivedMs - slot.fromMs, prepared.count);
    counts.responses++;
    counts.answered += prepared.count;
    const failedBefore = counts.wrong + counts.errors;
    protocol.judge(prepared, message);
    const failed = counts.wrong + counts.errors - failedBefore;
    if (failed > 0) series?.failed(dueMs, failed);
    onProgress();
  }

  /** Gives up what is older than the time-out. */
  function sweep(): void {
    const deadlineMs = nowMs() - timeoutMs;
    for (const sender of senders) {
      for (const [id, { prepared, sentMs, dueMs }] of sender.slots) {
        if (sentMs > deadlineMs) break;
        counts.lost += prepared.count;
        series?.lost(dueMs, prepared.count);
        // Its buffer is not used again: the system may still be about to send it.
        sender.slots.delete(id);
        underWay--;
      }
    }
    onProgress();
  }

  const datagramsMax = Math.max(Math.floor(options.lookupsMax / protocol.lookupsEach), 1);
  let turn = 0;
  const sendNext = (fromMs?: number, dueMs = 0) =>
    send(senders[turn++ % senders.length]!, fromMs, dueMs);

  async function runClosed() {
    const startMs = nowMs();
    let sent = 0;
    const isOver = () =>
      sent >= datagramsMax || signal.aborted || nowMs() - startMs >= options.durationMs;
    await new Promise<void>((resolve) => {
      onProgress = () => {
        for (; underWay < inFlight && !isOver(); sent++) sendNext();
        if (isOver()) resolve();
      };
      onProgress();
    });
    return { elapsedMs: nowMs() - startMs, sendDelays: undefined };
  }

  async function runOpen(datagrams: RatePlan) {
    const paced = { plan: datagrams, countMax: datagramsMax, signal, nowMs, defer: setImmediate };
    const result = await runPaced({ ...paced, send: sendNext });
    counts.unsent += result.unsent * protocol.lookupsEach;
    return result;
  }

  /** Waits until all that is under way is answered or given up. */
  async function drain(): Promise<void> {
    await new Promise<void>((resolve) => {
      onProgress = () => {
        if (underWay === 0) resolve();
      };
      onProgress();
    });
  }

  // After the answers that lie ready: a stall of this process is no loss of the server's.
  const sweeper = setInterval(() => setImmediate(sweep), SWEEP_MS);
  try {
    await openSenders();
    const usageSince = measureUsage();
    const { elapsedMs, sendDelays } =
      plan === undefined ? await runClosed() : await runOpen(plan.scaled(1 / protocol.lookupsEach));
    const usage = usageSince();
    await drain();
    await protocol.finish();
    return {
      protocol: 'udp',
      counts,
      elapsedMs,
      offeredPerSecond: plan?.offeredPerSecond,
      latencies: senders.map(({ latencies }) => latencies),
      sendDelays,
      usage,
      examples,
      isInterrupted: signal.aborted,
    };
  } finally {
    clearInterval(sweeper);
    await protocol.close();
    for (const { socket } of senders) socket.close();
  }
}

/** Makes a failure to open a socket the error of a load test. */
export async function reaching<Opened>(
  { host, port }: Pick<LoadOptions, 'host' | 'port'>,
  opened: Promise<Opened>,
): Promise<Opened> {
  try {
    return await opened;
  } catch (cause) {
    throw new LoadtestError('BCHF_LOADTEST_HOST', `UDP ${host} port ${port}`, { cause });
  }
}
