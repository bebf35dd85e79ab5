// Load with many datagrams to a system call: prepared packets go out by sendmmsg(2), answers come in by
// recvmmsg(2), and between the two nothing is allocated. One thread makes several hundred thousand
// requests a second, which Node's `dgram` does not.
//
// Owns the loop, the matching of answers to requests and the counts. Leaves out protocols: a protocol
// says where its request id lies and judges the answers that are shown to it.
//
// It runs in the calling thread and does not return before it is over, so that nothing else comes
// between two system calls; who wants to do something else meanwhile starts a thread.

import type { Histogram } from 'hdr-histogram-js';
import { openConnectedSocket } from '../resolver/udp/mmsg-socket.ts';
import type { Endpoint } from '../resolver/udp/socket-address.ts';
import {
  EAGAIN,
  EINTR,
  MSG_DONTWAIT,
  MSG_TRUNC,
  POLLIN,
  type SystemCalls,
} from '../resolver/udp/system-calls.ts';
import { createLatencyHistogram, recordMs } from './load-report.ts';
import {
  HEADER_BYTES,
  HEADER_FLAGS,
  HEADER_LENGTH,
  HEADER_VECTOR,
  HEADER_VECTOR_COUNT,
  layOutPackets,
  type PacketRow,
  setAddress,
  VECTOR_BYTES,
} from './packet-pool.ts';

/** Setting the length at which a message is cut; from Linux's include/uapi/linux/udp.h. */
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
/** Most bytes of a message that is cut. */
const MESSAGE_BYTES_MAX = 65_507;
/** Datagrams that one system call moves. */
const BATCH = 64;
/** Longest answer; longer ones are counted as wrong. */
const RESPONSE_BYTES_MAX = 1536;
/** Ids have 16 bits. */
const IDS = 0x1_0000;
/** Most requests under way: far below the number of ids, so that an id that comes round is free or lost. */
export const WINDOW_MAX = 8192;
/** Answers that wait while this thread sends must find room. */
const SOCKET_BUFFER_BYTES = 4 << 20;
/** Silence after which all that is under way is lost. */
const SILENCE_MS_MAX = 200;
/** How long the loop without spinning sleeps at most. */
const SLEEP_MS = 1;
/** Examples of wrong answers that are kept. */
const EXAMPLES_MAX = 5;

/** What is wrong with the answer to a packet, `undefined` if nothing. The view dies with the call. */
export type PacketCheck = (packet: number, response: Uint8Array) => string | undefined;

/** What a protocol asks, for {@link runBatchLoad}. */
export interface DatagramMessages {
  /** Each of a datagram, with the id 0. */
  messages: Uint8Array[];
  /** Where requests and responses have 16 bits that come back as they were sent. */
  idOffset: number;
  check: PacketCheck;
  /** Numbers in each. */
  lookupsEach: number;
}

export interface BatchLoadOptions {
  calls: SystemCalls;
  server: Endpoint;
  packets: PacketRow;
  /** Where requests and responses have 16 bits that come back as they were sent. */
  idOffset: number;
  /** Most requests under way, 1 to {@link WINDOW_MAX}. */
  window: number;
  durationMs: number;
  /** Requests a second on a schedule; left out, each answer makes room for another request. */
  perSecond?: number | undefined;
  /** Of so many answers one is judged and timed. */
  checkEvery: number;
  check: PacketCheck;
  /** Whether packets of one length may be sent as one message. Default true. */
  segment?: boolean;
  /**
   * Whether to look for answers without rest, which takes a core and measures what a server can do, or
   * to sleep between them. Default true.
   */
  spin?: boolean;
  /** Asked in every turn: whether to end before the duration is over. */
  isOver?: () => boolean;
  /**
   * Where this thread does not look at its clock for longer, because it has no processor: what was due
   * meanwhile is not sent later, and what was under way is not timed. Never, if left out: then such a pause
   * looks like one of the server.
   */
  ownPauseMsMin?: number | undefined;
}

export interface BatchLoadResult {
  sent: number;
  /** Answers, within the duration, to requests that were under way. */
  answered: number;
  /** Answers to requests that were under way when the duration was over. */
  answeredLater: number;
  /** Requests that no answer came to in time. */
  lost: number;
  /** Answers that match nothing under way: repeated or late. */
  unexpected: number;
  /** Answers that were judged, and those of them that were wrong. */
  checked: number;
  wrong: number;
  examples: string[];
  /** Requests that were due and not sent, because too many were under way. */
  unsent: number;
  /** Requests that were due in pauses of this thread's own, and how long those were in all. */
  skipped: number;
  ownPausesMs: number;
  /** From the first request to the last answer within the duration. */
  elapsedMs: number;
  /** Share of the time in which there was nothing to do: 0 where the generator is the limit. */
  idleShare: number;
  /** Of the answers that were judged; from the time of the schedule where there is one. */
  latencies: Histogram;
}

/**
 * Runs a load. Throws a RangeError for a window out of range and a SystemCallError where the socket
 * cannot be opened; what happens later is in the result.
 */
export function runBatchLoad(options: BatchLoadOptions): BatchLoadResult {
  const { calls, server, window } = options;
  if (!(Number.isInteger(window) && window >= 1 && window <= WINDOW_MAX)) {
    throw new RangeError(`a window of ${window}, where 1 to ${WINDOW_MAX} is possible`);
  }
  const socket = openConnectedSocket(calls, server, {
    receiveBufferBytes: SOCKET_BUFFER_BYTES,
    sendBufferBytes: SOCKET_BUFFER_BYTES,
  });
  try {
    return new BatchLoad(options, socket.fd).run();
  } finally {
    calls.close(socket.fd);
  }
}

class BatchLoad {
  readonly #options: BatchLoadOptions;
  readonly #fd: number;
  readonly #responses: PacketRow;
  readonly #responseWords: Uint32Array;
  readonly #responseViews: Uint8Array[];
  /** By id: the packet that is under way + 1, or 0. */
  readonly #packetOf = new Uint32Array(IDS);
  /** By id: the time that latency counts from. */
  readonly #fromMs = new Float64Array(IDS);
  /** What poll(2) looks at: kept, because the system only knows its address. */
  readonly #poll: { memory: SharedArrayBuffer; address: number };
  /** The header of a message that is cut into packets; `undefined` where that cannot be. */
  readonly #segments: { view: DataView; address: number } | undefined;
  readonly #result: BatchLoadResult = {
    sent: 0,
    answered: 0,
    answeredLater: 0,
    lost: 0,
    unexpected: 0,
    checked: 0,
    wrong: 0,
    examples: [],
    unsent: 0,
    skipped: 0,
    ownPausesMs: 0,
    elapsedMs: 0,
    idleShare: 0,
    latencies: createLatencyHistogram(),
  };
  #nextId = 0;
  #nextPacket = 0;
  #underWay = 0;
  #untilCheck = 0;
  #lookedMs = 0;
  /** Requests that count from before this time were under way in a pause of this thread's own. */
  #timedFromMs = 0;

  constructor(options: BatchLoadOptions, fd: number) {
    const { calls } = options;
    this.#options = options;
    this.#fd = fd;
    this.#responses = layOutPackets(BATCH, RESPONSE_BYTES_MAX, calls.addressOf);
    const { bytes, packetsAt, stride } = this.#responses;
    this.#responseWords = new Uint32Array(bytes.buffer, 0, (BATCH * HEADER_BYTES) / 4);
    this.#responseViews = Array.from({ length: BATCH }, (_, at) =>
      bytes.subarray(packetsAt + at * stride, packetsAt + at * stride + RESPONSE_BYTES_MAX),
    );
    const poll = new SharedArrayBuffer(8);
    new Int32Array(poll)[0] = fd;
    new Int16Array(poll)[2] = POLLIN;
    this.#poll = { memory: poll, address: calls.addressOf(poll) };
    this.#segments = this.#prepareSegments();
  }

  /**
   * Asks the system to cut what is sent into packets of one length, UDP_SEGMENT of udp(7), Linux 4.18:
   * it then takes them through its layers as one, which is most of what a packet costs.
   */
  #prepareSegments(): { view: DataView; address: number } | undefined {
    const { calls, packets, segment = true } = this.#options;
    const { uniformBytes } = packets;
    if (!segment || uniformBytes === undefined || BATCH * uniformBytes > MESSAGE_BYTES_MAX)
      return undefined;
    const value = new Uint8Array(Int32Array.of(uniformBytes).buffer);
    if (calls.setsockopt(this.#fd, SOL_UDP, UDP_SEGMENT, value, value.length) !== 0)
      return undefined;
    const header = new SharedArrayBuffer(HEADER_BYTES);
    return { view: new DataView(header), address: calls.addressOf(header) };
  }

  run(): BatchLoadResult {
    const { durationMs, perSecond, window, spin = true, isOver, calls } = this.#options;
    const result = this.#result;
    const startMs = performance.now();
    this.#lookedMs = startMs;
    let nowMs = startMs;
    let heardMs = startMs;
    let idleMs = 0;
    while (nowMs - startMs < durationMs && !isOver?.()) {
      let room = window - this.#underWay;
      if (perSecond !== undefined) {
        const due =
          Math.floor(((nowMs - startMs) * perSecond) / 1000) -
          (result.sent + result.unsent + result.skipped);
        // A schedule does not wait: what finds no room is not sent later.
        if (due > room) result.unsent += due - room;
        room = Math.min(room, due);
      }
      // In a closed loop a few freed places do not make a system call worth while.
      const isWorth =
        perSecond !== undefined || room >= Math.min(BATCH, window >> 1) || this.#underWay === 0;
      const sent =
        room > 0 && isWorth
          ? this.#send(Math.min(room, BATCH), ...this.#timesOf(nowMs, startMs))
          : 0;
      const received = this.#receive();
      const beforeMs = nowMs;
      nowMs = this.#look();
      if (received > 0 || this.#underWay === 0) heardMs = nowMs;
      if (nowMs - heardMs > SILENCE_MS_MAX) {
        this.#giveUp();
        heardMs = nowMs;
      }
      if (sent > 0 || received > 0) continue;
      if (!spin) {
        calls.poll(this.#poll.address, 1, SLEEP_MS);
        nowMs = this.#look();
      }
      idleMs += nowMs - beforeMs;
    }
    result.elapsedMs = nowMs - startMs;
    result.idleShare = idleMs / result.elapsedMs;
    const answeredInTime = result.answered;
    this.#drain();
    result.answeredLater = result.answered - answeredInTime;
    result.answered = answeredInTime;
    return result;
  }

  /** The time; and notes a pause of this thread's own since it was last asked for. */
  #look(): number {
    const nowMs = performance.now();
    const { ownPauseMsMin = Number.POSITIVE_INFINITY, perSecond = 0 } = this.#options;
    const awayMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    if (awayMs > ownPauseMsMin) {
      this.#timedFromMs = nowMs;
      this.#result.ownPausesMs += awayMs;
      this.#result.skipped += Math.floor((awayMs * perSecond) / 1000);
    }
    return nowMs;
  }

  /**
   * The time that the next request counts from, and how much later each after it: on a schedule those that it
   * has, so that a pause of the server, or of this thread, shows in all that was due meanwhile.
   */
  #timesOf(nowMs: number, startMs: number): [fromMs: number, stepMs: number] {
    const { perSecond } = this.#options;
    if (perSecond === undefined) return [nowMs, 0];
    const stepMs = 1000 / perSecond;
    const { sent, unsent, skipped } = this.#result;
    return [startMs + (sent + unsent + skipped) * stepMs, stepMs];
  }

  #send(count: number, firstMs: number, stepMs: number): number {
    const { packets, idOffset } = this.#options;
    const { bytes, packetsAt, stride } = packets;
    const first = this.#nextPacket;
    const wanted = Math.min(count, packets.count - first);
    let at = packetsAt + first * stride + idOffset;
    let id = this.#nextId;
    let fromMs = firstMs;
    for (let packet = first; packet < first + wanted; packet++) {
      if (this.#packetOf[id] !== 0) {
        this.#result.lost++;
        this.#underWay--;
      }
      bytes[at] = id >>> 8;
      bytes[at + 1] = id & 255;
      this.#packetOf[id] = packet + 1;
      this.#fromMs[id] = fromMs;
      fromMs += stepMs;
      id = (id + 1) % IDS;
      at += stride;
    }
    const sent = this.#segments
      ? this.#sendSegments(first, wanted)
      : this.#sendPackets(first, wanted);
    // What was not sent is tried again, under the same ids.
    for (let unsent = sent; unsent < wanted; unsent++) {
      this.#packetOf[(this.#nextId + unsent) % IDS] = 0;
    }
    this.#nextId = (this.#nextId + sent) % IDS;
    this.#nextPacket = (first + sent) % packets.count;
    this.#underWay += sent;
    this.#result.sent += sent;
    return sent;
  }

  #sendPackets(first: number, count: number): number {
    const { calls, packets } = this.#options;
    const address = packets.headersAddress + first * HEADER_BYTES;
    return Math.max(calls.sendmmsg(this.#fd, address, count, MSG_DONTWAIT), 0);
  }

  /** All as one message that the system cuts where they end. */
  #sendSegments(first: number, count: number): number {
    const { calls, packets } = this.#options;
    const { view, address } = this.#segments!;
    setAddress(view, HEADER_VECTOR, packets.vectorsAddress + first * VECTOR_BYTES);
    setAddress(view, HEADER_VECTOR_COUNT, count);
    return calls.sendmmsg(this.#fd, address, 1, MSG_DONTWAIT) === 1 ? count : 0;
  }

  #receive(): number {
    const { calls, idOffset, checkEvery } = this.#options;
    const { headersAddress, bytes, packetsAt, stride } = this.#responses;
    const received = calls.recvmmsg(this.#fd, headersAddress, BATCH, MSG_DONTWAIT, 0);
    if (received <= 0) {
      if (received < 0) this.#noteError();
      return 0;
    }
    let at = packetsAt + idOffset;
    for (let response = 0; response < received; response++) {
      const id = (bytes[at]! << 8) | bytes[at + 1]!;
      at += stride;
      const packet = this.#packetOf[id]! - 1;
      if (packet < 0) {
        this.#result.unexpected++;
        continue;
      }
      this.#packetOf[id] = 0;
      this.#underWay--;
      this.#result.answered++;
      if (--this.#untilCheck > 0) continue;
      this.#untilCheck = checkEvery;
      this.#check(packet, response, id);
    }
    return received;
  }

  #check(packet: number, response: number, id: number): void {
    const result = this.#result;
    const nowMs = this.#look();
    const fromMs = this.#fromMs[id]!;
    if (fromMs >= this.#timedFromMs) recordMs(result.latencies, nowMs - fromMs);
    result.checked++;
    const header = (response * HEADER_BYTES) / 4;
    const length = this.#responseWords[header + HEADER_LENGTH / 4]!;
    const isCut = (this.#responseWords[header + HEADER_FLAGS / 4]! & MSG_TRUNC) !== 0;
    const wrong = isCut
      ? `longer than ${RESPONSE_BYTES_MAX} bytes`
      : this.#options.check(packet, this.#responseViews[response]!.subarray(0, length));
    if (wrong === undefined) return;
    result.wrong++;
    if (result.examples.length < EXAMPLES_MAX) result.examples.push(wrong);
  }

  /** Refused for want of a server, or of an answer: the silence is what counts. */
  #noteError(): void {
    const errno = this.#options.calls.errno();
    if (errno === EAGAIN || errno === EINTR) return;
    const { examples } = this.#result;
    if (examples.length < EXAMPLES_MAX)
      examples.push(this.#options.calls.failure('recvmmsg').message);
  }

  #giveUp(): void {
    this.#result.lost += this.#underWay;
    this.#underWay = 0;
    this.#packetOf.fill(0);
  }

  /** Takes the answers that are still under way, and gives up what does not come. */
  #drain(): void {
    let heardMs = performance.now();
    while (this.#underWay > 0 && performance.now() - heardMs < SILENCE_MS_MAX) {
      if (this.#receive() > 0) heardMs = performance.now();
    }
    this.#giveUp();
  }
}
