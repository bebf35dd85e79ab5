import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { HEADER_LENGTH, MESSAGES_END, SEND_HEADERS } from '../../../wasm/packet-layout.ts';
import { MessageBlock } from '../message-block.ts';
import { openConnectedSocket, openMmsgSocket, socketMemory } from '../mmsg-socket.ts';
import {
  createMmsgTransport,
  isMmsgSupported,
  type MmsgTransportOptions,
} from '../mmsg-transport.ts';
import { ServingLoop } from '../serving-loop.ts';
import { decodeSocketAddress } from '../socket-address.ts';
import { loadSystemCalls, POLLIN, type SystemCalls } from '../system-calls.ts';
import type { UdpTransport } from '../udp-transport.ts';
import {
  ask,
  askFrom,
  closeAfterTests,
  describeTransport,
  reverse,
  socketOf,
  until,
} from './udp-transport-suite.ts';

const isSupported = isMmsgSupported();
const skip = !isSupported && 'this platform has no recvmmsg';

/** A transport that lets the clients of a test, which share its thread, have their turn. */
function create(options: MmsgTransportOptions): UdpTransport {
  const loop = new ServingLoop(loadSystemCalls()!, { waitMs: 0 });
  return createMmsgTransport({ loop, ...options });
}

function transportOf(options: Partial<MmsgTransportOptions> = {}): UdpTransport {
  return closeAfterTests(create({ host: '127.0.0.1', port: 0, ...options }));
}

test('there are system calls on Linux', { skip: process.platform !== 'linux' }, () => {
  assert.ok(isSupported, 'koffi loads and binds every call');
});

if (isSupported) describeTransport('the mmsg transport', create, true);

describe('the mmsg transport alone', { skip }, () => {
  test('answers from the address that was asked where it listens on all', async () => {
    const version4 = transportOf({ host: '0.0.0.0' });
    version4.handle(reverse);
    const { port } = await version4.open();
    for (const address of ['127.0.0.1', '127.0.0.2', '127.1.2.3']) {
      assert.deepEqual(await askFrom(port, address, [1, 2]), { message: [2, 1], from: address });
    }
  });

  test('answers over both versions of IP on the unspecified address of the newer', async () => {
    const transport = transportOf({ host: '::' });
    transport.handle(reverse);
    const { port } = await transport.open();
    for (const address of ['::1', '127.0.0.2']) {
      assert.deepEqual(await askFrom(port, address, [1, 2]), { message: [2, 1], from: address });
    }
  });

  test('finds the address that was asked behind a time stamp', async () => {
    const transport = transportOf({ host: '0.0.0.0', timestamps: true });
    transport.handle(reverse);
    const { port } = await transport.open();
    const { from } = await askFrom(port, '127.0.0.3', [1, 2]);
    assert.equal(from, '127.0.0.3');
  });

  test('takes over the socket of a transport that is gone, with what waits in it', async () => {
    const calls = loadSystemCalls()!;
    const socket = openMmsgSocket(calls, { address: '127.0.0.1', port: 0 });
    const first = transportOf({ socket });
    first.handle(reverse);
    const { port } = await first.open();
    assert.deepEqual(await ask(port, '127.0.0.1', [1, 2]), [2, 1]);
    await first.close();
    const client = socketOf();
    const answered = once(client, 'message');
    await new Promise((resolve) => client.send(Uint8Array.of(3, 4), port, '127.0.0.1', resolve));
    const second = transportOf({ socket });
    second.handle(reverse);
    await second.open();
    const [message] = await answered;
    assert.deepEqual([...message], [4, 3]);
    await second.close();
    assert.equal(calls.close(socket.fd), 0, 'the socket was left to whoever opened it');
  });

  test('tells what waits at most in a socket, and what found no room', () => {
    const calls = loadSystemCalls()!;
    const receiveBufferBytes = 16 << 10;
    const server = openMmsgSocket(calls, { address: '127.0.0.1', port: 0 }, { receiveBufferBytes });
    const client = openConnectedSocket(calls, server);
    closeAfterTests({ close: () => calls.close(server.fd) });
    closeAfterTests({ close: () => calls.close(client.fd) });
    const before = socketMemory(calls, server.fd)!;
    assert.ok(before.receiveBufferBytes >= receiveBufferBytes);
    assert.equal(before.drops, 0);
    const packet = new Uint8Array(1024);
    const packets = 100;
    for (let sent = 0; sent < packets; sent++) calls.write(client.fd, packet, packet.length);
    let waited = 0;
    const poll = new SharedArrayBuffer(8);
    new Int32Array(poll)[0] = server.fd;
    new Int16Array(poll)[2] = POLLIN;
    while (calls.poll(calls.addressOf(poll), 1, 0) === 1) {
      calls.read(server.fd, packet, packet.length);
      waited++;
    }
    assert.ok(waited > 0 && waited < packets, `${waited} found room`);
    assert.equal(socketMemory(calls, server.fd)!.drops, packets - waited);
  });

  test('answers what waits in the socket before it closes', async () => {
    const transport = transportOf();
    transport.handle(reverse);
    const { port } = await transport.open();
    const client = socketOf();
    const answered = once(client, 'message');
    await new Promise((resolve) => client.send(Uint8Array.of(3, 4), port, '127.0.0.1', resolve));
    await transport.close();
    const [message] = await answered;
    assert.deepEqual([...message], [4, 3]);
  });

  test('refuses limits outside their ranges', () => {
    assert.throws(() => transportOf({ batchPackets: 0 }), RangeError);
    assert.throws(() => transportOf({ batchPackets: 257 }), RangeError);
    assert.throws(() => transportOf({ datagramBytesMax: 1233 }), RangeError);
  });

  test('leaves no descriptor open when an address cannot be had', () => {
    const calls = loadSystemCalls()!;
    const next = () => {
      const fd = calls.eventfd();
      calls.close(fd);
      return fd;
    };
    const before = next();
    for (let tries = 0; tries < 3; tries++) {
      assert.throws(() => openMmsgSocket(calls, { address: '203.0.113.1', port: 0 }), {
        call: 'bind',
        code: 'EADDRNOTAVAIL',
      });
    }
    assert.equal(next(), before);
  });
});

describe('a message block', { skip }, () => {
  const calls = (isSupported ? loadSystemCalls() : undefined) as SystemCalls;

  function pair() {
    const server = openMmsgSocket(calls, { address: '127.0.0.1', port: 0 });
    const client = openConnectedSocket(calls, server);
    closeAfterTests({ close: () => calls.close(server.fd) });
    closeAfterTests({ close: () => calls.close(client.fd) });
    const memory = new SharedArrayBuffer(2 * MESSAGES_END);
    const serving = new MessageBlock(calls, { memory, packets: 8 });
    const asking = new MessageBlock(calls, {
      memory,
      offset: MESSAGES_END,
      packets: 8,
      isConnected: true,
    });
    return { server, client, memory, serving, asking };
  }

  const nothingSent = () => ({ datagrams: 0, bytes: 0, errors: 0, drops: 0 });

  test('carries a batch there and back, leaving out what has no response', () => {
    const { server, client, serving, asking } = pair();
    for (let at = 0; at < 8; at++) {
      asking.response(at).fill(at, 0, 10 + at);
      asking.setResponseLength(at, 10 + at);
    }
    const asked = nothingSent();
    asking.send(client.fd, 8, asked);
    assert.deepEqual(asked, { datagrams: 8, bytes: 8 * 10 + 28, errors: 0, drops: 0 });

    assert.equal(serving.receive(server.fd), 8);
    for (let at = 0; at < 8; at++) {
      assert.equal(serving.lengthOf(at), 10 + at);
      assert.equal(decodeSocketAddress(serving.nameOf(at)).port, client.port);
      serving.response(at).fill(100 + at, 0, 4);
      serving.setResponseLength(at, at % 2 === 0 ? 4 : 0);
    }
    const answered = nothingSent();
    serving.send(server.fd, 8, answered);
    assert.deepEqual(answered, { datagrams: 4, bytes: 16, errors: 0, drops: 0 });

    assert.equal(asking.receive(client.fd), 4);
    for (let at = 0; at < 4; at++) assert.equal(asking.request(at)[3], 100 + 2 * at);
    assert.equal(asking.receive(client.fd), 0);
  });

  test('passes over a response that the system refuses, and sends the rest', () => {
    const { server, client, serving, asking } = pair();
    for (let at = 0; at < 4; at++) asking.setResponseLength(at, 3);
    asking.send(client.fd, 4, nothingSent());
    assert.equal(serving.receive(server.fd), 4);
    // Port 0 is one that can be forged and not answered.
    serving.nameOf(1).fill(0, 2, 4);
    for (let at = 0; at < 4; at++) serving.setResponseLength(at, 5);
    const sent = nothingSent();
    serving.send(server.fd, 4, sent);
    assert.deepEqual(sent, { datagrams: 3, bytes: 15, errors: 1, drops: 0 });
    assert.equal(asking.receive(client.fd), 3);
  });

  test('gives up the rest of a batch when the send buffer stays full, and survives signals', () => {
    const { memory } = pair();
    const errors = [4, 4, 11];
    let refused = 0;
    const block = new MessageBlock(
      {
        ...calls,
        sendmmsg(_fd, headers, count) {
          if (count === 4) {
            const header = headers - calls.addressOf(memory) - SEND_HEADERS;
            new DataView(memory).setUint32(SEND_HEADERS + header + HEADER_LENGTH, 7, true);
            return 1;
          }
          refused++;
          return -1;
        },
        errno: () => errors[refused - 1]!,
      },
      { memory, packets: 4, isConnected: true },
    );
    for (let at = 0; at < 4; at++) block.setResponseLength(at, 7);
    const sent = nothingSent();
    block.send(0, 4, sent);
    assert.deepEqual(sent, { datagrams: 1, bytes: 7, errors: 0, drops: 3 });
  });

  test('tells an error of the socket from an empty one', () => {
    const { serving, server } = pair();
    assert.equal(serving.receive(server.fd), 0);
    assert.equal(serving.receive(-1), -1);
  });
});

describe('the serving loop', { skip }, () => {
  test('is woken from its wait, and lets messages of its thread in', async () => {
    const calls = loadSystemCalls()!;
    const wakeFd = calls.eventfd();
    const socket = openMmsgSocket(calls, { address: '127.0.0.1', port: 0 });
    // Without being woken the thread would wait for ten minutes.
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       (async () => {
         const { ServingLoop } = await import(workerData.loop);
         const { loadSystemCalls } = await import(workerData.calls);
         const loop = new ServingLoop(loadSystemCalls(), { waitMs: 600_000, wakeFd: workerData.wakeFd });
         parentPort.on('message', () => {
           loop.remove(workerData.fd);
           parentPort.close();
         });
         loop.add(workerData.fd, () => 0);
         parentPort.postMessage('serving');
       })();`,
      {
        eval: true,
        workerData: {
          loop: new URL('../serving-loop.js', import.meta.url).href,
          calls: new URL('../system-calls.js', import.meta.url).href,
          wakeFd,
          fd: socket.fd,
        },
      },
    );
    await once(worker, 'message');
    worker.postMessage('stop');
    calls.write(wakeFd, new Uint8Array(BigUint64Array.of(1n).buffer), 8);
    const [code] = await once(worker, 'exit');
    assert.equal(code, 0);
    calls.close(wakeFd);
    calls.close(socket.fd);
  });

  test('knows of a fault, after which what waits in a socket is left to the next', async () => {
    const calls = loadSystemCalls()!;
    const socket = openMmsgSocket(calls, { address: '127.0.0.1', port: 0 });
    const broken = { isBroken: true, add: () => {}, remove: () => {} } as unknown as ServingLoop;
    const first = createMmsgTransport({ host: '127.0.0.1', port: 0, loop: broken, socket });
    first.handle(() => assert.fail('answered after a fault'));
    await first.open();
    const client = socketOf();
    const { port } = socket;
    await new Promise((resolve) => client.send(Uint8Array.of(1, 9), port, '127.0.0.1', resolve));
    await first.close();
    const answered = once(client, 'message');
    const next = transportOf({ socket });
    next.handle(reverse);
    await next.open();
    assert.deepEqual([...(await answered)[0]], [9, 1]);
    await next.close();
    calls.close(socket.fd);
  });

  test('serves no more once the last socket is gone', async () => {
    const calls = loadSystemCalls()!;
    const loop = new ServingLoop(calls, { waitMs: 0 });
    let served = 0;
    const fd = calls.eventfd();
    loop.add(fd, () => {
      served++;
      return 0;
    });
    await until(() => served > 3);
    loop.remove(fd);
    const before = served;
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(served, before);
    calls.close(fd);
  });
});
