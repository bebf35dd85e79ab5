// A load of HTTP/2 requests over raw sockets, for benches: prepared header blocks out, ends of streams
// counted. A client library would cost several times what the server does.

import type net from 'node:net';
import { connectRaw, END_HEADERS, END_STREAM, FRAME, frame } from '../sbi/test/h2-frames.ts';

/** The index of `:status 200` in the static table (RFC 7541 appendix A), as a whole field. */
const STATUS_200 = 0x88;
const WINDOW_MAX = 0x7fff_ffff;
const WINDOW_UPDATE = 8;
const INITIAL_WINDOW_SIZE = 4;
/** The connection's window is opened again when so much has come. */
const WINDOW_STEP = 2 ** 30;
/** Stream ids end at 2³¹: long before, the connection is used up. */
const STREAM_MAX = 2 ** 30;
const WAITS_MAX = 1000;

export interface Http2Load {
  port: number;
  connections: number;
  /** Streams under way on each connection. */
  streams: number;
  durationMs: number;
  /** Header blocks, taken one after the other. */
  blocks: readonly Buffer[];
}

/** Loads for a while; answers per second. Rejects where one is not 200 or a connection ends. */
export async function loadHttp2(load: Http2Load): Promise<number> {
  const { connections, durationMs } = load;
  const tallies = await Promise.all(Array.from({ length: connections }, () => openOne(load)));
  const startedMs = performance.now();
  const answers = () => tallies.reduce((sum, { count }) => sum + count, 0);
  const before = answers();
  // A machine that is busy with others may not answer once in a short while: then it takes longer.
  for (let waits = 0; waits === 0 || (answers() === before && waits < WAITS_MAX); waits++) {
    await new Promise((resolve) => setTimeout(resolve, durationMs));
  }
  const after = answers();
  const seconds = (performance.now() - startedMs) / 1000;
  for (const { socket, failure } of tallies) {
    if (failure) throw failure;
    socket.destroy();
  }
  return (after - before) / seconds;
}

interface Tally {
  socket: net.Socket;
  count: number;
  failure: Error | undefined;
}

async function openOne({ port, streams, blocks }: Http2Load): Promise<Tally> {
  const { socket, write } = await connectRaw(port);
  // The frames are read here, and not by who opened the connection.
  socket.removeAllListeners('data');
  const tally: Tally = { socket, count: 0, failure: undefined };
  const setting = Buffer.alloc(6);
  setting.writeUInt16BE(INITIAL_WINDOW_SIZE, 0);
  setting.writeUInt32BE(WINDOW_MAX, 2);
  write(frame(FRAME.settings, 0, 0, setting));
  write(windowUpdate(WINDOW_MAX - 65_535));
  let nextStream = 1;
  let nextBlock = Math.floor(blocks.length / 2) + port;
  let unopened = 0;
  const request = () => {
    const block = blocks[nextBlock++ % blocks.length] as Buffer;
    const bytes = frame(FRAME.headers, END_HEADERS | END_STREAM, nextStream, block);
    nextStream += 2;
    return bytes;
  };
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const next: Buffer[] = [];
    let at = 0;
    while (bytes.length - at >= 9) {
      const length = bytes.readUIntBE(at, 3);
      if (bytes.length - at < 9 + length) break;
      const type = bytes[at + 3];
      const isEnd = ((bytes[at + 4] as number) & END_STREAM) !== 0;
      if (type === FRAME.headers && bytes[at + 9] !== STATUS_200) {
        tally.failure ??= new Error('an answer was not 200');
      } else if (type === FRAME.rstStream || type === FRAME.goaway) {
        tally.failure ??= new Error(`the server sent frame ${type}`);
      }
      if (type === FRAME.data) unopened += length;
      if (isEnd && (type === FRAME.data || type === FRAME.headers)) {
        tally.count++;
        if (nextStream < STREAM_MAX) next.push(request());
      }
      at += 9 + length;
    }
    rest = bytes.subarray(at);
    if (unopened > WINDOW_STEP) {
      next.push(windowUpdate(unopened));
      unopened = 0;
    }
    if (next.length > 0) write(Buffer.concat(next));
  });
  socket.on('error', (error) => {
    tally.failure ??= error;
  });
  write(Buffer.concat(Array.from({ length: streams }, request)));
  return tally;
}

function windowUpdate(bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(WINDOW_UPDATE, 0, 0, payload);
}
