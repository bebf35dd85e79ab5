// A batch of datagrams in memory, with the structures by which the system receives and sends it.
//
// Owns the structures of one packet block (wasm/packet-layout.ts) and the two system calls on them.
// Leaves out sockets and what is answered. Whoever answers writes a response into its place and tells
// its length; packets without one are left out of what is sent.
//
// A server answers whom a packet came from. A client's socket is connected: its block has no names,
// and what it sends has nothing to do with what it received.

import {
  CONTROL_BYTES,
  CONTROLS,
  DATAGRAM_BYTES_MAX,
  HEADER_BYTES,
  HEADER_CONTROL,
  HEADER_CONTROL_BYTES,
  HEADER_FLAGS,
  HEADER_LENGTH,
  HEADER_NAME,
  HEADER_NAME_BYTES,
  HEADER_VECTOR,
  HEADER_VECTOR_COUNT,
  NAME_BYTES,
  NAMES,
  PACKET_BYTES,
  PACKETS_MAX,
  RECEIVE_HEADERS,
  REQUESTS,
  RESPONSE_LENGTHS,
  RESPONSE_VECTOR,
  RESPONSES,
  SEND_HEADERS,
  VECTOR_LENGTH,
  VECTOR_PAIR_BYTES,
  VECTORS,
} from '../../wasm/packet-layout.ts';
import { mapSocketAddress } from './socket-address.ts';
import {
  EAGAIN,
  EINTR,
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_PKTINFO,
  MSG_DONTWAIT,
  MSG_TRUNC,
  type SystemCalls,
} from './system-calls.ts';

/** What happened to the responses of a batch. */
export interface Sent {
  datagrams: number;
  bytes: number;
  /** Refused by the system one by one, such as to a forged source port of 0. */
  errors: number;
  /** Given up because the socket's send buffer did not empty in time. */
  drops: number;
}

export interface MessageBlockOptions {
  /** A shared memory, or one that cannot grow: it must never move. */
  memory: ArrayBufferLike;
  /** Where in it the block begins; a multiple of 64. */
  offset?: number;
  /** Most packets of a batch, 1 to PACKETS_MAX. */
  packets?: number;
  /** Of a connected socket: no names, and no control messages. Default false. */
  isConnected?: boolean;
  /** Gives so many receive headers back what the system overwrites, for who does it faster. */
  rewind?: (headers: number) => void;
}

/** Interrupted calls in a row before a send gives up. */
const INTERRUPTIONS_MAX = 16;
/** Bytes of a control message before its content: length u64, level i32, type i32. */
const CONTROL_HEADER_BYTES = 16;

export class MessageBlock {
  /** Most packets of a batch. */
  readonly packets: number;
  readonly #calls: SystemCalls;
  readonly #view: DataView;
  readonly #address: number;
  readonly #isConnected: boolean;
  readonly #requests: Uint8Array[];
  readonly #responses: Uint8Array[];
  readonly #names: Uint8Array[];
  readonly #sender = new Uint8Array(16);
  readonly #responseLengths: Uint32Array;
  readonly #rewindUsed: (headers: number) => void;
  /** Receive headers that the last batch changed. */
  #used = 0;

  constructor(calls: SystemCalls, options: MessageBlockOptions) {
    const { memory, offset = 0, packets = 64, isConnected = false } = options;
    if (!(Number.isInteger(packets) && packets >= 1 && packets <= PACKETS_MAX)) {
      throw new RangeError(`${packets} packets, where 1 to ${PACKETS_MAX} are possible`);
    }
    this.packets = packets;
    this.#calls = calls;
    this.#isConnected = isConnected;
    this.#view = new DataView(memory, offset);
    this.#address = calls.addressOf(memory) + offset;
    const placesOf = (first: number, bytes: number) =>
      Array.from(
        { length: packets },
        (_, at) => new Uint8Array(memory, offset + first + at * bytes, bytes),
      );
    this.#requests = placesOf(REQUESTS, PACKET_BYTES);
    this.#responses = placesOf(RESPONSES, PACKET_BYTES);
    this.#names = placesOf(NAMES, NAME_BYTES);
    this.#responseLengths = new Uint32Array(memory, offset + RESPONSE_LENGTHS, packets);
    for (let at = 0; at < packets; at++) this.#layOut(at);
    this.#rewind(packets);
    this.#rewindUsed = options.rewind ?? ((headers) => this.#rewind(headers));
  }

  /** The block's own address, which its structures are made of. */
  get address(): number {
    return this.#address;
  }

  #layOut(at: number): void {
    const vectors = VECTORS + at * VECTOR_PAIR_BYTES;
    this.#setU64(vectors, this.#address + REQUESTS + at * PACKET_BYTES);
    this.#setU64(vectors + VECTOR_LENGTH, PACKET_BYTES);
    this.#setU64(vectors + RESPONSE_VECTOR, this.#address + RESPONSES + at * PACKET_BYTES);
    const header = RECEIVE_HEADERS + at * HEADER_BYTES;
    this.#setU64(header + HEADER_VECTOR, this.#address + vectors);
    this.#setU64(header + HEADER_VECTOR_COUNT, 1);
    if (!this.#isConnected) {
      this.#setU64(header + HEADER_NAME, this.#address + NAMES + at * NAME_BYTES);
      this.#setU64(header + HEADER_CONTROL, this.#address + CONTROLS + at * CONTROL_BYTES);
    }
    this.#setU64(SEND_HEADERS + at * HEADER_BYTES + HEADER_VECTOR_COUNT, 1);
  }

  /** Gives receive headers back what the system overwrites. */
  #rewind(headers: number): void {
    for (let at = 0; at < headers; at++) {
      const header = RECEIVE_HEADERS + at * HEADER_BYTES;
      this.#view.setUint32(header + HEADER_NAME_BYTES, this.#isConnected ? 0 : NAME_BYTES, true);
      this.#setU64(header + HEADER_CONTROL_BYTES, this.#isConnected ? 0 : CONTROL_BYTES);
      this.#view.setUint32(header + HEADER_FLAGS, 0, true);
    }
  }

  /**
   * Takes a batch from a socket without waiting; how many packets, 0 where there are none. −1 for an
   * error of the socket.
   */
  receive(fd: number): number {
    if (this.#used > 0) this.#rewindUsed(this.#used);
    this.#used = 0;
    const headers = this.#address + RECEIVE_HEADERS;
    const count = this.#calls.recvmmsg(fd, headers, this.packets, MSG_DONTWAIT, 0);
    if (count >= 0) {
      this.#used = count;
      return count;
    }
    const errno = this.#calls.errno();
    return errno === EAGAIN || errno === EINTR ? 0 : -1;
  }

  /** Bytes of a packet as they arrived; more than DATAGRAM_BYTES_MAX for one that is cut off. */
  lengthOf(at: number): number {
    const header = RECEIVE_HEADERS + at * HEADER_BYTES;
    const isCut = (this.#view.getUint32(header + HEADER_FLAGS, true) & MSG_TRUNC) !== 0;
    const length = this.#view.getUint32(header + HEADER_LENGTH, true);
    return isCut ? Math.max(length, DATAGRAM_BYTES_MAX + 1) : length;
  }

  /** The place of a request; of its bytes those count that `lengthOf` tells. */
  request(at: number): Uint8Array {
    return this.#requests[at]!;
  }

  /** The place of a response. */
  response(at: number): Uint8Array {
    return this.#responses[at]!;
  }

  /** The sender's address as the system wrote it. */
  nameOf(at: number): Uint8Array {
    return this.#names[at]!;
  }

  /** The sender's address, 16 bytes, an IPv4 one mapped into IPv6; overwritten by the next call. */
  senderOf(at: number): Uint8Array {
    mapSocketAddress(this.#names[at]!, this.#sender);
    return this.#sender;
  }

  /** Says how long the response in a place is, 0 for none. */
  setResponseLength(at: number, bytes: number): void {
    this.#responseLengths[at] = bytes;
  }

  /** Sends the responses of the first `count` places that have one. */
  send(fd: number, count: number, sent: Sent): void {
    this.sendPrepared(fd, this.#prepare(count), sent);
  }

  /** Makes a send header for each response; returns how many. */
  #prepare(count: number): number {
    let prepared = 0;
    for (let at = 0; at < count; at++) {
      const bytes = this.#responseLengths[at]!;
      if (bytes === 0) continue;
      const vector = VECTORS + at * VECTOR_PAIR_BYTES + RESPONSE_VECTOR;
      this.#setU64(vector + VECTOR_LENGTH, bytes);
      const header = SEND_HEADERS + prepared * HEADER_BYTES;
      this.#setU64(header + HEADER_VECTOR, this.#address + vector);
      if (!this.#isConnected) this.#copyEnvelope(RECEIVE_HEADERS + at * HEADER_BYTES, header, at);
      prepared++;
    }
    return prepared;
  }

  /** The response goes to the request's sender, from the address that the request was sent to. */
  #copyEnvelope(from: number, to: number, at: number): void {
    this.#setU64(to + HEADER_NAME, this.#address + NAMES + at * NAME_BYTES);
    const nameBytes = this.#view.getUint32(from + HEADER_NAME_BYTES, true);
    this.#view.setUint32(to + HEADER_NAME_BYTES, nameBytes, true);
    let control = CONTROLS + at * CONTROL_BYTES;
    const end = control + this.#view.getUint32(from + HEADER_CONTROL_BYTES, true);
    let controlBytes = 0;
    while (control + CONTROL_HEADER_BYTES <= end) {
      const bytes = (this.#view.getUint32(control, true) + 7) & ~7;
      if (bytes < CONTROL_HEADER_BYTES) break;
      const level = this.#view.getInt32(control + 8, true);
      const type = this.#view.getInt32(control + 12, true);
      const isVersion4 = level === IPPROTO_IP && type === IP_PKTINFO;
      if (isVersion4 || (level === IPPROTO_IPV6 && type === IPV6_PKTINFO)) {
        controlBytes = bytes;
        break;
      }
      control += bytes;
    }
    this.#setU64(to + HEADER_CONTROL, controlBytes === 0 ? 0 : this.#address + control);
    this.#setU64(to + HEADER_CONTROL_BYTES, controlBytes);
  }

  /** Sends what the first `count` send headers say, and adds to `sent` what became of it. */
  sendPrepared(fd: number, count: number, sent: Sent): void {
    let at = 0;
    let interruptions = 0;
    while (at < count) {
      const headers = this.#address + SEND_HEADERS + at * HEADER_BYTES;
      const done = this.#calls.sendmmsg(fd, headers, count - at, 0);
      if (done > 0) {
        for (const end = at + done; at < end; at++) {
          sent.datagrams++;
          sent.bytes += this.#view.getUint32(
            SEND_HEADERS + at * HEADER_BYTES + HEADER_LENGTH,
            true,
          );
        }
        continue;
      }
      const errno = this.#calls.errno();
      if (errno === EINTR && interruptions < INTERRUPTIONS_MAX) {
        interruptions++;
      } else if (errno === EAGAIN || errno === EINTR) {
        sent.drops += count - at;
        return;
      } else {
        // The first of the rest is the one that was refused.
        sent.errors++;
        at++;
      }
    }
  }

  #setU64(at: number, value: number): void {
    this.#view.setUint32(at, value % 2 ** 32, true);
    this.#view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
  }
}
