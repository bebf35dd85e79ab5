// Takes frames on a TCP port and answers each; see frame-codec.

import { createServer, type Socket } from 'node:net';
import { encodeFrame, FrameReader } from './frame-codec.ts';
import { type Listening, listen } from './listening.ts';
import type { WireAnswer, WireRequest } from './wire.ts';

const CONNECTIONS_MAX = 256;
/** Requests of one connection that are being answered; then it is not read on. */
const UNDER_WAY_MAX = 64;

/** @param answer must not reject */
export function listenForFrames(
  answer: (request: WireRequest) => Promise<WireAnswer>,
): Promise<Listening> {
  const server = createServer((socket) => serve(socket, answer));
  server.maxConnections = CONNECTIONS_MAX;
  return listen(server);
}

function serve(socket: Socket, answer: (request: WireRequest) => Promise<WireAnswer>): void {
  const reader = new FrameReader();
  let underWay = 0;
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    const frames = reader.read(chunk);
    if (!frames) {
      socket.destroy();
      return;
    }
    for (const { id, name, body } of frames) {
      if (typeof name !== 'string') continue;
      if (++underWay >= UNDER_WAY_MAX) socket.pause();
      answer({ name, body }).then((answered) => {
        underWay--;
        if (socket.destroyed) return;
        socket.write(encodeFrame({ id, ...answered }));
        socket.resume();
      });
    }
  });
}
