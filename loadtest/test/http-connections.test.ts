// The small HTTP client of the load, before servers that answer in pieces, late, wrongly and not at all.

import assert from 'node:assert/strict';
import net, { type AddressInfo, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { HttpConnections } from '../http-connections.ts';

const HOST = '127.0.0.1';
const PATIENT_MS = 60_000;
const closers: (() => void)[] = [];
after(() => {
  for (const close of closers) close();
});

/** A server that is told each request's path and its socket. */
async function serve(answer: (path: string, socket: Socket) => void) {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = net.createServer((socket) => {
    accepted++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.setEncoding('latin1').on('data', (text) => {
      const heads = String(text).split('\r\n\r\n').slice(0, -1);
      assert.equal(heads.length, 1, 'one request at a time');
      answer(heads[0]!.split(' ')[1]!, socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, accepted: () => accepted };
}

function connect(port: number, connectionsMax = 4): HttpConnections {
  const client = new HttpConnections({ host: HOST, port, connectionsMax });
  closers.push(() => client.close());
  return client;
}

const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

test('each answer is that of its own request, over so many connections and however it is cut', async () => {
  const server = await serve((path, socket) => {
    const text = ok(path);
    const cut = 1 + ((path.length * 7) % (text.length - 1));
    socket.write(text.slice(0, cut));
    setImmediate(() => socket.write(text.slice(cut)));
  });
  const client = connect(server.port);
  const paths = Array.from({ length: 200 }, (_, at) => `/${'x'.repeat(at % 37)}${at}`);
  const answers = await Promise.all(paths.map((path) => client.get(path, '', PATIENT_MS)));
  assert.deepEqual(
    answers.map((answer) => typeof answer === 'object' && [answer.status, String(answer.body)]),
    paths.map((path) => [200, path]),
  );
  assert.equal(server.accepted(), 4);
});

test('an answer that comes after its time is given to nobody else', async () => {
  let late: Socket | undefined;
  const server = await serve((path, socket) => {
    if (path === '/slow') late = socket;
    else socket.write(ok(path));
  });
  const client = connect(server.port, 1);
  const slow = client.get('/slow', '', 50);
  const next = client.get('/next', '', PATIENT_MS);
  assert.equal(await slow, 'timed-out');
  late!.write(ok('/slow'));
  const answer = await next;
  assert.equal(typeof answer === 'object' && String(answer.body), '/next');
});

test('a request that waits for a connection is timed out too, and not sent any more', async () => {
  const asked: string[] = [];
  const server = await serve((path, socket) => {
    asked.push(path);
    if (path === '/second') setTimeout(() => socket.write(ok('')), 100);
    else if (path !== '/held') socket.write(ok(''));
  });
  const client = connect(server.port, 1);
  const held = client.get('/held', '', 200);
  const waiting = client.get('/waiting', '', 20);
  const second = client.get('/second', '', PATIENT_MS);
  assert.deepEqual([await waiting, await held], ['timed-out', 'timed-out']);
  assert.equal(typeof (await second), 'object');
  assert.deepEqual(asked, ['/held', '/second']);
});

test('what is no answer, is too long or breaks off is unreachable, and others are asked on', async () => {
  const wrong: Record<string, string> = {
    '/no-http': 'SMTP\r\n\r\n',
    '/no-length': 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    '/long': `HTTP/1.1 200 OK\r\ncontent-length: 70000\r\n\r\n`,
    '/head-without-end': `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(70_000)}`,
    '/two': ok('a') + ok('b'),
    '/broken': 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc',
  };
  const server = await serve((path, socket) => {
    socket.write(wrong[path] ?? ok(path));
    if (path === '/broken') socket.end();
  });
  const client = connect(server.port, 1);
  for (const path of Object.keys(wrong)) {
    assert.equal(await client.get(path, '', PATIENT_MS), 'unreachable', path);
    assert.equal(typeof (await client.get('/good', '', PATIENT_MS)), 'object', path);
  }
  const nobody = connect(1, 2);
  const refused = Array.from({ length: 5 }, () => nobody.get('/', '', PATIENT_MS));
  assert.deepEqual(new Set(await Promise.all(refused)), new Set(['unreachable']));
});

test('who waits when it is closed is told so', async () => {
  const server = await serve(() => {});
  const client = connect(server.port, 1);
  const waiting = [client.get('/a', '', PATIENT_MS), client.get('/b', '', PATIENT_MS)];
  client.close();
  assert.deepEqual(await Promise.all(waiting), ['unreachable', 'unreachable']);
});
