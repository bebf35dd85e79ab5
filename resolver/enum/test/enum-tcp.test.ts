// The TCP service against raw sockets: framing, pipelining, limits, and a clean end.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { type DnsResponse, decodeResponse, encodeQuery } from '../dns-client-codec.ts';
import { encodeName, RECORD_TYPE } from '../dns-codec.ts';
import { createEnumHandler } from '../enum-answer.ts';
import { createEnumCounters } from '../enum-counters.ts';
import { type EnumTcpLimits, type EnumTcpServer, listenEnumTcp } from '../enum-tcp.ts';
import { enumDomain, serviceOf } from './fixture.ts';

const HOST = '127.0.0.1';
/** A watchdog: these tests wait for events, which a defect may keep from coming. */
const watched = { timeout: 200_000 };
const running: EnumTcpServer[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function serve(limits: Partial<EnumTcpLimits> = {}) {
  const counters = createEnumCounters();
  const answer = createEnumHandler(serviceOf({ transport: 'tcp', counters }));
  const server = await listenEnumTcp({ host: HOST, port: 0, answer, limits, counters });
  running.push(server);
  return { server, counters };
}

/** A client that collects whole responses and knows when the server has ended. */
async function client(port: number) {
  const socket = connect({ host: HOST, port, noDelay: true });
  sockets.push(socket);
  await once(socket, 'connect');
  let received = Buffer.alloc(0);
  const responses: DnsResponse[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0);
      responses.push(decodeResponse(received.subarray(2, end))!);
      received = received.subarray(end);
    }
    for (const { count, resolve } of waiting) if (responses.length >= count) resolve();
  });
  socket.on('error', () => {
    // A reset is one of the ways in which the server may end a connection.
  });
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  return {
    socket,
    responses,
    closed,
    /** Resolves when so many responses have come, or the connection is closed. */
    async gets(count: number) {
      const enough = new Promise<void>((resolve) => {
        if (responses.length >= count) resolve();
        else waiting.push({ count, resolve });
      });
      await Promise.race([enough, closed]);
      return responses;
    },
  };
}

function frame(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(2 + message.length);
  framed.writeUInt16BE(message.length);
  framed.set(message, 2);
  return framed;
}

function query(id: number, digits = '8613912345678'): Buffer {
  const name = encodeName(enumDomain(digits))!;
  return frame(encodeQuery({ id, name, type: RECORD_TYPE.NAPTR }));
}

describe('framing', watched, () => {
  test('a query gets its response, and the connection stays for the next', async () => {
    const { server, counters } = await serve();
    const { socket, gets } = await client(server.port);
    for (let id = 1; id <= 3; id++) {
      socket.write(query(id));
      const responses = await gets(id);
      assert.equal(responses[id - 1]!.id, id);
      assert.equal(responses[id - 1]!.answers.length, 2);
    }
    assert.equal(counters.tcpAccepted, 1);
    assert.equal(counters.tcpReceived, 3);
  });

  test('pipelined queries are answered in order', async () => {
    const { server } = await serve();
    const { socket, gets } = await client(server.port);
    const count = 500;
    socket.write(Buffer.concat(Array.from({ length: count }, (_, id) => query(id))));
    const responses = await gets(count);
    assert.deepEqual(
      responses.map(({ id }) => id),
      Array.from({ length: count }, (_, id) => id),
    );
  });

  test('queries that arrive byte by byte are answered', async () => {
    const { server } = await serve();
    const { socket, gets } = await client(server.port);
    for (const byte of Buffer.concat([query(1), query(2)])) {
      socket.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(
      (await gets(2)).map(({ id }) => id),
      [1, 2],
    );
  });

  test('a client that sends its end with its last query still gets its answers', async () => {
    const { server, counters } = await serve();
    const { socket, responses, closed } = await client(server.port);
    socket.end(Buffer.concat([query(1), query(2)]));
    await closed;
    assert.deepEqual(
      responses.map(({ id }) => id),
      [1, 2],
    );
    assert.equal(counters.tcpUnfinished, 0);
  });
});

describe('limits', watched, () => {
  test('a longer query than allowed closes the connection, after the answers before it', async () => {
    const { server, counters } = await serve({ queryBytesMax: 100 });
    const { socket, responses, closed } = await client(server.port);
    socket.write(Buffer.concat([query(1), frame(new Uint8Array(101))]));
    await closed;
    assert.deepEqual(
      responses.map(({ id }) => id),
      [1],
    );
    assert.equal(counters.tcpOversized, 1);
  });

  test('a query of exactly the allowed length is read', async () => {
    const queryBytesMax = query(1).length - 2;
    const { server, counters } = await serve({ queryBytesMax });
    const { socket, gets } = await client(server.port);
    socket.write(query(1));
    assert.equal((await gets(1)).length, 1);
    assert.equal(counters.tcpOversized, 0);
  });

  test('what is no query closes the connection', async () => {
    const { server, counters } = await serve();
    for (const message of [new Uint8Array(0), new Uint8Array(11), new Uint8Array(12).fill(0xff)]) {
      const { socket, responses, closed } = await client(server.port);
      socket.write(frame(message));
      await closed;
      assert.equal(responses.length, 0);
    }
    assert.equal(counters.droppedShort, 2);
    assert.equal(counters.droppedResponse, 1);
  });

  test('a silent connection is closed, and so is one that never finishes its query', async () => {
    const { server, counters } = await serve({ idleTimeoutMs: 60, messageTimeoutMs: 90 });
    const silent = await client(server.port);
    const slow = await client(server.port);
    const dribble = setInterval(() => slow.socket.write(Uint8Array.of(0)), 10);
    slow.socket.once('close', () => clearInterval(dribble));
    slow.socket.write(Uint8Array.of(3, 0));
    await Promise.all([silent.closed, slow.closed]);
    assert.deepEqual([counters.tcpIdle, counters.tcpSlow], [1, 1]);
    assert.equal(counters.tcpReceived, 0);
  });

  test('a query that is finished in time leaves the connection the time to be idle', async () => {
    const { server, counters } = await serve({ idleTimeoutMs: 10_000, messageTimeoutMs: 100 });
    const { socket, gets } = await client(server.port);
    socket.write(query(1).subarray(0, 5));
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.write(query(1).subarray(5));
    await gets(1);
    await new Promise((resolve) => setTimeout(resolve, 150));
    socket.write(query(2));
    assert.equal((await gets(2)).length, 2);
    assert.equal(counters.tcpSlow, 0);
  });

  test('one connection more of a client than allowed is closed, until one has ended', async () => {
    const { server, counters } = await serve({ connectionsPerClientMax: 1 });
    const first = await client(server.port);
    first.socket.write(query(1));
    await first.gets(1);
    const second = await client(server.port);
    await second.closed;
    assert.deepEqual([counters.tcpOverClientLimit, counters.tcpAccepted], [1, 1]);
    first.socket.end();
    await first.closed;
    const third = await client(server.port);
    third.socket.write(query(3));
    assert.equal((await third.gets(1)).length, 1);
  });

  test('one connection more than allowed is closed; the others go on', async () => {
    const { server, counters } = await serve({ connectionsMax: 2 });
    const first = await client(server.port);
    const second = await client(server.port);
    for (const { socket, gets } of [first, second]) {
      socket.write(query(1));
      await gets(1);
    }
    const third = await client(server.port);
    await third.closed;
    assert.equal(counters.tcpOverLimit, 1);
    first.socket.write(query(2));
    assert.equal((await first.gets(2)).length, 2);
    first.socket.destroy();
    await first.closed;
  });

  test('a peer that does not read is not read from, and is closed when idle', async () => {
    const { server, counters } = await serve({ idleTimeoutMs: 300 });
    const { socket, closed } = await client(server.port);
    socket.pause();
    const many = Buffer.concat(Array.from({ length: 1000 }, (_, id) => query(id)));
    const sent = 60;
    for (let count = 0; count < sent; count++) socket.write(many);
    while (counters.tcpIdle === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    // What the kernels held may still come; the connection then ends, with a reset or without.
    socket.resume();
    await closed;
    assert.ok(counters.tcpReceived > 0);
    assert.ok(counters.tcpReceived < sent * 1000, `${counters.tcpReceived} were read`);
  });

  test('a peer that reads late gets every answer', async () => {
    const { server } = await serve();
    const { socket, gets } = await client(server.port);
    const count = 20_000;
    socket.pause();
    socket.write(Buffer.concat(Array.from({ length: count }, (_, id) => query(id))));
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.resume();
    const responses = await gets(count);
    assert.equal(responses.length, count);
    assert.ok(responses.every(({ id }, index) => id === index));
  });
});

describe('the end', watched, () => {
  test('a peer that leaves in the middle of a query is counted', async () => {
    const { server, counters } = await serve();
    const { socket, closed } = await client(server.port);
    socket.end(query(1).subarray(0, 10));
    await closed;
    assert.equal(counters.tcpUnfinished, 1);
  });

  test('close lets answers out, then ends connections and refuses new ones', async () => {
    const { server } = await serve();
    const { socket, responses, gets, closed } = await client(server.port);
    socket.write(query(1));
    await gets(1);
    await server.close();
    await closed;
    assert.equal(responses.length, 1);
    const late = connect({ host: HOST, port: server.port });
    sockets.push(late);
    const [error] = await once(late, 'error');
    assert.equal(error.code, 'ECONNREFUSED');
  });

  test('close does not wait longer than its limit for a peer that keeps the connection', async () => {
    const { server, counters } = await serve({ drainTimeoutMs: 50 });
    const socket = connect({ host: HOST, port: server.port, allowHalfOpen: true });
    sockets.push(socket);
    socket.on('error', () => {
      // The server ends with a reset: the peer never sent its end.
    });
    await once(socket, 'connect');
    while (counters.tcpAccepted === 0) await new Promise((resolve) => setImmediate(resolve));
    await server.close();
    assert.equal(counters.tcpIdle, 0);
  });

  test('close can be called again', async () => {
    const { server } = await serve();
    await Promise.all([server.close(), server.close()]);
    await server.close();
  });

  test('a port that is taken is a coded error with its cause', async () => {
    const { server } = await serve();
    const counters = createEnumCounters();
    await assert.rejects(
      listenEnumTcp({ host: HOST, port: server.port, answer: () => 0, counters }),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'BCHF_ENUM_LISTEN_FAILED');
        assert.equal((error.cause as { code?: string }).code, 'EADDRINUSE');
        return true;
      },
    );
  });
});
