// Load over the UDP batch protocol: sends prepared datagrams over several sockets, in an open or a
// closed loop, and checks every answer.

import type dgram from 'node:dgram';
import type { Histogram } from 'hdr-histogram-js';
import { openBatchClient } from '../resolver/udp/batch-client.ts';
import {
  BATCH_DATAGRAM_BYTES_MAX,
  createBatchResponse,
  OPERATION_LOOKUP,
  readResponse,
  STATUS_OK,
  writeU32,
} from '../resolver/udp/batch-codec.ts';
import { openClientSocket } from '../resolver/udp/socket-client.ts';
import { measureUsage } from './generator-usage.ts';
import type { LoadOptions } from './load-options.ts';
import { LoadtestError, UNDER_WAY_DEFAULT } from './load-options.ts';
import type { LoadResult } from './load-report.ts';
import { createLatencyHistogram, createLoadCounts, recordMs } from './load-report.ts';
import { runPaced } from './pacer.ts';
import type { RatePlan } from './rate-plan.ts';
import { createRouteNames } from './route-names.ts';
import { AnswerCheck, type PreparedDatagram, prepareDatagrams } from './udp-answers.ts';

/** What the system is asked for; answers that overflow the buffer would count as losses. */
const RECEIVE_BUFFER_BYTES = 1 << 20;
/** How long each of five tries to learn a route waits at most. */
const ROUTE_TIMEOUT_MS_MAX = 500;
/** How often time-outs are looked for. */
const SWEEP_MS = 5;

export interface UdpLoadOptions extends LoadOptions {
  /** Numbers in a datagram, 1 to 128. */
  batch: number;
  /** Datagrams under way on all sockets together in a closed loop, 1 to 1024. */
  inFlight: number;
}

interface Slot {
  prepared: PreparedDatagram;
  /** The time that latency counts from: intended in an open loop, actual in a closed one. */
  fromMs: number;
  sentMs: number;
  /** The same as `fromMs` after the begin of the run; 0 in a closed loop. */
  dueMs: number;
  /** Of the slot's own: the system may read it after `send` has returned. */
  buffer: Uint8Array;
}

interface Sender {
  socket: dgram.Socket;
  /** What is under way by request id, the oldest first. */
  slots: Map<number, Slot>;
  latencies: Histogram;
}

/**
 * Runs a load test. Rejects with BCHF_LOADTEST_HOST where a socket cannot be opened; everything later
 * is in the result.
 */
export async function runUdpLoad(options: UdpLoadOptions): Promise<LoadResult> {
  const { host, port, plan, series, timeoutMs, signal } = options;
  const { underWayMax = UNDER_WAY_DEFAULT } = options;
  const prepared = prepareDatagrams(options.pool, options.batch);
  const counts = createLoadCounts();
  const client = await reaching(
    options,
    openBatchClient({
      host,
      port,
      timeoutMs: Math.min(timeoutMs, ROUTE_TIMEOUT_MS_MAX),
      retries: 4,
    }),
  );
  const names = createRouteNames(client);
  const check = new AnswerCheck(counts, names);
  const response = createBatchResponse();
  const nowMs = () => performance.now();
  const freeBuffers: Uint8Array[] = [];
  let nextPrepared = 0;
  let nextRequestId = 0;
  let underWay = 0;
  let onProgress = () => {};

  const senders: Sender[] = [];
  async function openSenders(): Promise<void> {
    for (let at = 0; at < options.connections; at++) {
      const opened = openClientSocket(host, port, { recvBufferSize: RECEIVE_BUFFER_BYTES });
      const socket = await reaching(options, opened);
      const sender: Sender = { socket, slots: new Map(), latencies: createLatencyHistogram() };
      senders.push(sender);
      socket.on('error', () => counts.transportErrors++);
      socket.on('message', (message) => receive(sender, message));
    }
  }

  function send(sender: Sender, fromMs: number | undefined, dueMs: number): void {
    const datagram = prepared[nextPrepared]!;
    nextPrepared = (nextPrepared + 1) % prepared.length;
    const numbers = datagram.numbers.length;
    if (sender.slots.size >= underWayMax) {
      counts.unsent += numbers;
      return;
    }
    const sentMs = nowMs();
    const requestId = nextRequestId;
    nextRequestId = (nextRequestId + 1) >>> 0;
    const buffer = freeBuffers.pop() ?? new Uint8Array(BATCH_DATAGRAM_BYTES_MAX);
    buffer.set(datagram.bytes);
    writeU32(buffer, 4, requestId);
    const slot = { prepared: datagram, fromMs: fromMs ?? sentMs, sentMs, dueMs, buffer };
    sender.slots.set(requestId, slot);
    counts.sent += numbers;
    series?.sent(dueMs, numbers);
    underWay++;
    sender.socket.send(buffer, 0, datagram.bytes.length, (error) => {
      if (error) counts.transportErrors++;
    });
  }

  function receive(sender: Sender, message: Uint8Array): void {
    const receivedMs = nowMs();
    if (!readResponse(message, response)) {
      counts.transportErrors++;
      check.tell('a datagram that is no response of the protocol');
      return;
    }
    const slot = sender.slots.get(response.requestId);
    if (slot === undefined) {
      counts.lateResponses++;
      return;
    }
    const { prepared: datagram } = slot;
    sender.slots.delete(response.requestId);
    freeBuffers.push(slot.buffer);
    underWay--;
    recordMs(sender.latencies, receivedMs - slot.fromMs);
    series?.answered(slot.dueMs, receivedMs - slot.fromMs, datagram.numbers.length);
    const failedBefore = counts.wrong + counts.errors;
    counts.responses++;
    counts.answered += datagram.numbers.length;
    const isServed = response.status === STATUS_OK && response.operation === OPERATION_LOOKUP;
    if (isServed && response.count === datagram.numbers.length) {
      check.check(datagram, response);
    } else {
      counts.errors += datagram.numbers.length;
      check.tell(`status ${response.status}, ${response.count} answers`);
    }
    const failed = counts.wrong + counts.errors - failedBefore;
    if (failed > 0) series?.failed(slot.dueMs, failed);
    onProgress();
  }

  /** Gives up what is older than the time-out. */
  function sweep(): void {
    const deadlineMs = nowMs() - timeoutMs;
    for (const sender of senders) {
      for (const [requestId, slot] of sender.slots) {
        if (slot.sentMs > deadlineMs) break;
        counts.lost += slot.prepared.numbers.length;
        series?.lost(slot.dueMs, slot.prepared.numbers.length);
        // Its buffer is not used again: the system may still be about to send it.
        sender.slots.delete(requestId);
        underWay--;
      }
    }
    onProgress();
  }

  const numbersEach = prepared[0]!.numbers.length;
  const datagramsMax = Math.max(Math.floor(options.lookupsMax / numbersEach), 1);
  const { durationMs } = options;
  let turn = 0;
  const sendNext = (fromMs?: number, dueMs = 0) =>
    send(senders[turn++ % senders.length]!, fromMs, dueMs);

  async function runClosed() {
    const startMs = nowMs();
    let sent = 0;
    const isOver = () => sent >= datagramsMax || signal.aborted || nowMs() - startMs >= durationMs;
    await new Promise<void>((resolve) => {
      onProgress = () => {
        for (; underWay < options.inFlight && !isOver(); sent++) sendNext();
        if (isOver()) resolve();
      };
      onProgress();
    });
    return { elapsedMs: nowMs() - startMs, sendDelays: undefined };
  }

  async function runOpen(datagrams: RatePlan) {
    const countMax = datagramsMax;
    const defer = setImmediate;
    const paced = { plan: datagrams, countMax, signal, send: sendNext, nowMs, defer };
    const result = await runPaced(paced);
    counts.unsent += result.unsent * numbersEach;
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
      plan === undefined ? await runClosed() : await runOpen(plan.scaled(1 / numbersEach));
    const usage = usageSince();
    await drain();
    await check.finish();
    return {
      protocol: 'udp',
      counts,
      elapsedMs,
      offeredPerSecond: plan?.offeredPerSecond,
      latencies: senders.map(({ latencies }) => latencies),
      sendDelays,
      usage,
      examples: check.examples,
      isInterrupted: signal.aborted,
    };
  } finally {
    clearInterval(sweeper);
    await client.close();
    for (const { socket } of senders) socket.close();
  }
}

/** Makes a failure to open a socket the error of a load test. */
async function reaching<Opened>(
  { host, port }: UdpLoadOptions,
  opened: Promise<Opened>,
): Promise<Opened> {
  try {
    return await opened;
  } catch (cause) {
    throw new LoadtestError(`UDP ${host} port ${port}`, { cause });
  }
}
