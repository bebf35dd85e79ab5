// Sockets between elements: what is not a message ends the connection and nothing else, and there is a
// limit to everything.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { FrameClient, PENDING_MAX } from '../frame-client.ts';
import { FRAME_BYTES_MAX } from '../frame-codec.ts';
import { listenForFrames } from '../frame-server.ts';
import { HOST } from '../listening.ts';
import { Peers } from '../peers.ts';
import { BODY_BYTES_MAX, listenForSbi } from '../sbi-server.ts';

const PATIENT_MS = 20_000;
const request = { name: 'ask' };
const judge = () => ({ label: '', outcome: '' });

test('frames of many requests on one connection are matched with their answers', async () => {
  const server = await listenForFrames(async ({ body }) => {
    // Later ones first.
    await new Promise((resolve) => setTimeout(resolve, 50 - Number(body)));
    return { status: 0, text: 'ok', body };
  });
  const client = new FrameClient();
  const address = `${HOST}:${server.port}`;
  const asked = Array.from({ length: 50 }, (_, body) =>
    client.ask(address, { name: 'ask', body }, PATIENT_MS),
  );
  const answers = await Promise.all(asked);
  assert.deepEqual(
    answers.map((answer) => typeof answer === 'object' && answer.body),
    asked.map((_, body) => body),
  );
  client.close();
  await server.close();
});

test('a connection that brings no frames is ended, and others are served on', async () => {
  const server = await listenForFrames(async () => ({ status: 0, text: 'ok' }));
  const tooLong = Buffer.alloc(4);
  tooLong.writeUInt32BE(FRAME_BYTES_MAX + 1);
  for (const bytes of [
    tooLong,
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from([0, 0, 0, 1, 55]),
  ]) {
    const socket = connect(server.port, HOST);
    socket.on('error', () => {});
    socket.write(bytes);
    await once(socket, 'close');
  }
  const client = new FrameClient();
  const answer = await client.ask(`${HOST}:${server.port}`, request, PATIENT_MS);
  assert.deepEqual(answer, { status: 0, text: 'ok', message: undefined, body: undefined });
  client.close();
  await server.close();
});

test('nobody there is unreachable, nobody answering is timed out, and too many are not sent', async () => {
  const silent = await listenForFrames(() => new Promise(() => {}));
  const client = new FrameClient();
  const address = `${HOST}:${silent.port}`;
  assert.equal(await client.ask(address, request, 20), 'timed-out');
  const waiting = Array.from({ length: PENDING_MAX }, () =>
    client.ask(address, request, PATIENT_MS),
  );
  assert.equal(await client.ask(address, request, PATIENT_MS), 'unreachable');
  await silent.close();
  assert.deepEqual(new Set(await Promise.all(waiting)), new Set(['unreachable']));
  assert.equal(await client.ask(address, request, PATIENT_MS), 'unreachable');
  client.close();
});

test('an HTTP/2 body beyond the limit is refused, and others are served on', async () => {
  const server = await listenForSbi(async ({ body }) => ({ status: 200, text: 'OK', body }));
  const peers = new Peers('test', PATIENT_MS, () => {});
  const peer = { name: 'peer', address: `${HOST}:${server.port}` };
  const http = { method: 'POST', path: '/', headers: {} };
  const large = 'x'.repeat(BODY_BYTES_MAX + 1);
  assert.equal(await peers.ask(peer, { name: '', http, body: large }, judge), 'unreachable');
  const answer = await peers.ask(peer, { name: '', http, body: 'small' }, judge);
  assert.deepEqual(answer, { status: 200, text: 'OK', body: 'small' });
  peers.close();
  await server.close();
});
