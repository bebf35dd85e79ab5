// HTTP/2 frame by frame, for clients that no library lets one be (RFC 9113).

import { once } from 'node:events';
import net from 'node:net';

export const FRAME = { data: 0, headers: 1, rstStream: 3, settings: 4, goaway: 7, continuation: 9 };
export const END_STREAM = 1;
export const END_HEADERS = 4;
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

export interface RawClient {
  socket: net.Socket;
  /** Types of the frames that came so far. */
  received: number[];
  /** Writes where the connection still takes it. */
  write(bytes: Uint8Array): void;
  closed: Promise<unknown>;
}

/** Connects and sends the preface and empty settings. */
export async function connectRaw(port: number): Promise<RawClient> {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const received: number[] = [];
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      received.push(rest[3] as number);
      rest = rest.subarray(9 + rest.readUIntBE(0, 3));
    }
  });
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const write = (bytes: Uint8Array) => {
    if (socket.writable) socket.write(bytes);
  };
  write(Buffer.concat([Buffer.from(PREFACE), frame(FRAME.settings, 0, 0, new Uint8Array(0))]));
  return { socket, received, write, closed };
}
