// HTTP/2 frame by frame, for clients that no library lets one be (RFC 9113).

import { once } from 'node:events';
import net from 'node:net';

export const FRAME = {
  ...{ data: 0, headers: 1, priority: 2, rstStream: 3, settings: 4, pushPromise: 5, ping: 6 },
  ...{ goaway: 7, windowUpdate: 8, continuation: 9 },
};
export const ACK = 1;
export const END_STREAM = 1;
export const END_HEADERS = 4;
export const PADDED = 8;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(9 + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(streamId, 5);
  bytes.set(payload, 9);
  return bytes;
}

/** A header block without dynamic table and Huffman coding (RFC 7541 section 6.2.2). */
export function headerBlock(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]),
  );
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

export const requestFields = (path: string, method = 'GET') =>
  [
    [':method', method],
    [':scheme', 'http'],
    [':authority', 'test'],
    [':path', path],
  ] as const;

/** The payload of GOAWAY without an error (RFC 9113 section 6.8). */
export const LEAVE = new Uint8Array(8);

/** One setting (RFC 9113 section 6.5.1). */
export function setting(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}

/** The payload of WINDOW_UPDATE and, with a code, of RST_STREAM. */
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export interface Frame {
  type: number;
  flags: number;
  streamId: number;
  payload: Buffer;
}

export interface RawClient {
  socket: net.Socket;
  /** The frames that came so far. */
  received: Frame[];
  has(type: number, streamId: number): boolean;
  /** Writes where the connection still takes it. */
  write(...bytes: readonly Uint8Array[]): void;
  /** Resolves when all that was written before has been dealt with, or the connection is closed. */
  settled(): Promise<void>;
  closed: Promise<unknown>;
  readonly isClosed: boolean;
}

/**
 * Connects and sends the preface and settings, by default an empty frame of them. A client that
 * `staysOpen` does not end its side of the connection when the server ends its own.
 */
export async function connectRaw(
  port: number,
  settings: Uint8Array = frame(FRAME.settings, 0, 0, new Uint8Array(0)),
  staysOpen = false,
): Promise<RawClient> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: staysOpen });
  await once(socket, 'connect');
  const received: Frame[] = [];
  const pings: (() => void)[] = [];
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3);
      const [type, flags] = [rest[3] as number, rest[4] as number];
      received.push({
        type,
        flags,
        streamId: rest.readUInt32BE(5),
        payload: rest.subarray(9, end),
      });
      if (type === FRAME.ping && flags === ACK) pings.shift()?.();
      rest = rest.subarray(end);
    }
  });
  socket.on('error', () => {});
  let isClosed = false;
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => {
      isClosed = true;
      resolve();
    }),
  );
  const write = (...bytes: readonly Uint8Array[]) => {
    if (!socket.writable) return;
    socket.write(bytes.length === 1 ? (bytes[0] as Uint8Array) : Buffer.concat(bytes));
  };
  write(Buffer.from(PREFACE), settings);
  return {
    socket,
    received,
    has: (type, streamId) => received.some((one) => one.type === type && one.streamId === streamId),
    write,
    settled() {
      write(frame(FRAME.ping, 0, 0, Buffer.alloc(8)));
      return Promise.race([closed, new Promise<void>((resolve) => pings.push(resolve))]);
    },
    closed,
    get isClosed() {
      return isClosed;
    },
  };
}
