import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { after, describe, test } from 'node:test';
import {
  createDgramTransport,
  DGRAM_REUSE_PORT_SUPPORTED,
  supportsReusePort,
} from '../dgram-transport.ts';
import type { UdpTransport, UdpTransportOptions } from '../udp-transport.ts';

const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

const transports: UdpTransport[] = [];
const sockets: dgram.Socket[] = [];
after(async () => {
  for (const transport of transports) await transport.close();
  for (const socket of sockets) socket.close();
});

function transportOf(options: Partial<UdpTransportOptions> = {}): UdpTransport {
  const transport = createDgramTransport({ host: '127.0.0.1', port: 0, ...options });
  transports.push(transport);
  return transport;
}

type Settle = (error: Error | null) => void;

/** An open transport whose every `send` waits for `onSend` to call `send` or `settle`. */
async function openSlow(
  options: Partial<UdpTransportOptions>,
  onSend: (send: () => void, settle: Settle) => void,
) {
  const transport = createDgramTransport({ host: '127.0.0.1', port: 0, ...options }, (made) => {
    const socket = dgram.createSocket(made);
    const send = socket.send.bind(socket) as (...parameters: unknown[]) => void;
    socket.send = (...parameters: unknown[]) => {
      onSend(() => send(...parameters), parameters.at(-1) as Settle);
    };
    return socket;
  });
  transports.push(transport);
  transport.handle(reverse);
  const { port } = await transport.open();
  return { transport, port };
}

/** Answers with the message itself, reversed; an empty message gets no answer. */
function reverse(message: Uint8Array, response: Uint8Array): number {
  response.set(message.toReversed());
  return message.length;
}

function socketOf(type: dgram.SocketType = 'udp4'): dgram.Socket {
  const socket = dgram.createSocket(type);
  sockets.push(socket);
  return socket;
}

async function ask(port: number, address: string, bytes: number[]): Promise<number[]> {
  const socket = socketOf(address.includes(':') ? 'udp6' : 'udp4');
  const answered = once(socket, 'message');
  socket.send(Uint8Array.from(bytes), port, address);
  const [message] = await answered;
  return [...message];
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe('the dgram transport', () => {
  test('answers over IPv4', async () => {
    const transport = transportOf();
    transport.handle(reverse);
    const { address, port } = await transport.open();
    assert.equal(address, '127.0.0.1');
    assert.deepEqual(await ask(port, '127.0.0.1', [1, 2, 3]), [3, 2, 1]);
    await until(() => transport.counters().sentDatagrams === 1);
    assert.deepEqual(transport.counters(), {
      receivedDatagrams: 1,
      receivedBytes: 3,
      sentDatagrams: 1,
      sentBytes: 3,
      unansweredDatagrams: 0,
      oversizedDatagrams: 0,
      sendQueueDrops: 0,
      sendErrors: 0,
      socketErrors: 0,
    });
  });

  test('answers over IPv6', { skip: !hasIPv6 && 'this machine has no IPv6 loopback' }, async () => {
    const transport = transportOf({ host: '::1' });
    transport.handle(reverse);
    const { port } = await transport.open();
    assert.deepEqual(await ask(port, '::1', [1, 2, 3]), [3, 2, 1]);
  });

  test('takes a name and buffer sizes', async () => {
    const transport = transportOf({
      host: 'localhost',
      receiveBufferBytes: 65_536,
      sendBufferBytes: 65_536,
    });
    transport.handle(reverse);
    const { port } = await transport.open();
    assert.deepEqual(await ask(port, '127.0.0.1', [7]), [7]);
  });

  test('counts what the handler leaves unanswered and what is too long', async () => {
    const transport = transportOf({ datagramBytesMax: 8 });
    transport.handle(reverse);
    const { port } = await transport.open();
    const socket = socketOf();
    socket.send(new Uint8Array(0), port, '127.0.0.1');
    socket.send(new Uint8Array(9), port, '127.0.0.1');
    assert.deepEqual(
      await ask(port, '127.0.0.1', [1, 2, 3, 4, 5, 6, 7, 8]),
      [8, 7, 6, 5, 4, 3, 2, 1],
    );
    await until(() => transport.counters().receivedDatagrams === 3);
    assert.equal(transport.counters().unansweredDatagrams, 1);
    assert.equal(transport.counters().oversizedDatagrams, 1);
  });

  test('drops and counts beyond its send queue, and goes on afterwards', async () => {
    const held: (() => void)[] = [];
    const { transport, port } = await openSlow({ sendQueueMax: 2 }, (send) => held.push(send));
    const socket = socketOf();
    for (let at = 0; at < 5; at++) socket.send(Uint8Array.of(at), port, '127.0.0.1');
    await until(() => transport.counters().receivedDatagrams === 5);
    assert.equal(transport.counters().sendQueueDrops, 3);
    for (const send of held.splice(0)) send();
    await until(() => transport.counters().sentDatagrams === 2);
    const answered = ask(port, '127.0.0.1', [1, 2]);
    await until(() => held.length === 1);
    held[0]!();
    assert.deepEqual(await answered, [2, 1]);
  });

  test('counts answers that cannot be sent, and goes on', async () => {
    let failures = 2;
    const { transport, port } = await openSlow({ sendQueueMax: 1 }, (send, settle) => {
      failures--;
      if (failures === 1) throw new RangeError('port 0');
      if (failures === 0) settle(new Error('the network is unreachable'));
      else send();
    });
    const socket = socketOf();
    for (const sendErrors of [1, 2]) {
      socket.send(Uint8Array.of(1), port, '127.0.0.1');
      await until(() => transport.counters().sendErrors === sendErrors);
    }
    assert.deepEqual(await ask(port, '127.0.0.1', [1, 2]), [2, 1]);
  });

  test('replaces its handler while open', async () => {
    const transport = transportOf();
    transport.handle(reverse);
    const { port } = await transport.open();
    assert.deepEqual(await ask(port, '127.0.0.1', [1, 2]), [2, 1]);
    transport.handle((_, response) => {
      response[0] = 42;
      return 1;
    });
    assert.deepEqual(await ask(port, '127.0.0.1', [1, 2]), [42]);
  });

  test('sends what is under way before it closes, answers nothing more, and closes once', async () => {
    const held: (() => void)[] = [];
    const { transport, port } = await openSlow({}, (send) => held.push(send));
    const answered = ask(port, '127.0.0.1', [1, 2]);
    await until(() => held.length === 1);
    const closed = transport.close();
    const socket = socketOf();
    await new Promise((resolve) => socket.send(Uint8Array.of(9), port, '127.0.0.1', resolve));
    held[0]!();
    assert.deepEqual(await answered, [2, 1]);
    await closed;
    await transport.close();
    assert.equal(transport.counters().receivedDatagrams, 1);
    assert.equal(transport.counters().sentDatagrams, 1);
  });

  test('closes even if an answer is never sent', async () => {
    let isHeld = false;
    const { transport, port } = await openSlow({}, () => {
      isHeld = true;
    });
    socketOf().send(Uint8Array.of(1), port, '127.0.0.1');
    await until(() => isHeld);
    await transport.close();
    assert.equal(transport.counters().sentDatagrams, 0);
  });

  test('counts errors of the open socket', async () => {
    let made: dgram.Socket | undefined;
    const transport = createDgramTransport({ host: '127.0.0.1', port: 0 }, (options) => {
      made = dgram.createSocket(options);
      return made;
    });
    transports.push(transport);
    await transport.open();
    made!.emit('error', new Error('a network went away'));
    assert.equal(transport.counters().socketErrors, 1);
  });

  test('closes before it was opened, and is not opened afterwards or twice', async () => {
    const unopened = createDgramTransport({ host: '127.0.0.1', port: 0 });
    await unopened.close();
    await assert.rejects(unopened.open(), { code: 'BCHF_UDP_CLOSED' });
    const opened = transportOf();
    await opened.open();
    await assert.rejects(opened.open(), { code: 'BCHF_UDP_CLOSED' });
  });

  test('a close while it opens ends both', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      const transport = transportOf({ host });
      const opened = transport.open();
      const rejected = assert.rejects(opened, { code: 'BCHF_UDP_CLOSED' });
      await transport.close();
      await rejected;
    }
  });

  test('says by code that an address cannot be had', async () => {
    const first = transportOf();
    const { port } = await first.open();
    const second = transportOf({ port });
    await assert.rejects(second.open(), { code: 'BCHF_UDP_LISTEN' });
    await second.close();
    const elsewhere = transportOf({ host: '203.0.113.1' });
    await assert.rejects(elsewhere.open(), { code: 'BCHF_UDP_LISTEN' });
  });

  test('refuses limits outside their ranges', () => {
    assert.throws(() => transportOf({ datagramBytesMax: 0 }), RangeError);
    assert.throws(() => transportOf({ datagramBytesMax: 65_508 }), RangeError);
    assert.throws(() => transportOf({ sendQueueMax: 0 }), RangeError);
    assert.throws(() => transportOf({ sendQueueMax: 65_537 }), RangeError);
  });
});

describe('a shared port', () => {
  test('is known by Node version and platform', () => {
    assert.ok(!supportsReusePort('v20.19.0', 'linux'));
    assert.ok(!supportsReusePort('v22.11.0', 'linux'));
    assert.ok(supportsReusePort('v22.12.0', 'linux'));
    assert.ok(!supportsReusePort('v23.0.0', 'linux'));
    assert.ok(supportsReusePort('v23.1.0', 'linux'));
    assert.ok(supportsReusePort('v24.0.0', 'freebsd'));
    assert.ok(!supportsReusePort('v24.0.0', 'darwin'));
    assert.ok(!supportsReusePort('v24.0.0', 'win32'));
  });

  test('is refused by code where this Node cannot', {
    skip: DGRAM_REUSE_PORT_SUPPORTED && 'this Node can',
  }, async () => {
    const transport = transportOf({ reusePort: true });
    await assert.rejects(transport.open(), { code: 'BCHF_UDP_REUSE_PORT_UNSUPPORTED' });
  });

  test('is answered from by both sockets that share it', {
    skip: !DGRAM_REUSE_PORT_SUPPORTED && 'this Node cannot',
  }, async () => {
    const first = transportOf({ reusePort: true });
    first.handle(reverse);
    const { port } = await first.open();
    const second = transportOf({ reusePort: true, port });
    second.handle(reverse);
    await second.open();
    // The system chooses by the sender's port: of 64 senders none at one socket is 1 in 2^63.
    for (let sender = 0; sender < 64; sender++) {
      assert.deepEqual(await ask(port, '127.0.0.1', [sender, 1]), [1, sender]);
    }
    const counts = [first, second].map((transport) => transport.counters().receivedDatagrams);
    assert.equal(counts[0]! + counts[1]!, 64);
    assert.ok(counts[0]! > 0 && counts[1]! > 0);
  });
});
