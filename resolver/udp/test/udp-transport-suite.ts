// What every UDP transport does, whatever system calls it uses.

import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { after, describe, test } from 'node:test';
import type { UdpTransport, UdpTransportOptions } from '../udp-transport.ts';

const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

/** Transports and sockets that are closed after the tests of a file. */
const opened: { close(): unknown }[] = [];
after(async () => {
  for (const closable of opened) await closable.close();
});

export function closeAfterTests<T extends { close(): unknown }>(closable: T): T {
  opened.push(closable);
  return closable;
}

/** Answers with the message itself, reversed; an empty message gets no answer. */
export function reverse(message: Uint8Array, response: Uint8Array): number {
  response.set(message.toReversed());
  return message.length;
}

export function socketOf(type: dgram.SocketType = 'udp4'): dgram.Socket {
  return closeAfterTests(dgram.createSocket(type));
}

/** Sends a datagram from a new socket and gives what is answered, and from where. */
export async function askFrom(
  port: number,
  address: string,
  bytes: number[],
): Promise<{ message: number[]; from: string }> {
  const socket = socketOf(address.includes(':') ? 'udp6' : 'udp4');
  const answered = once(socket, 'message');
  socket.send(Uint8Array.from(bytes), port, address);
  const [message, sender] = await answered;
  return { message: [...message], from: sender.address };
}

export async function ask(port: number, address: string, bytes: number[]): Promise<number[]> {
  return (await askFrom(port, address, bytes)).message;
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * @param create makes a transport of the given options
 * @param isShareable whether it can share a port
 */
export function describeTransport(
  name: string,
  create: (options: UdpTransportOptions) => UdpTransport,
  isShareable: boolean,
): void {
  function transportOf(options: Partial<UdpTransportOptions> = {}): UdpTransport {
    return closeAfterTests(create({ host: '127.0.0.1', port: 0, ...options }));
  }

  describe(name, () => {
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

    test('answers over IPv6', {
      skip: !hasIPv6 && 'this machine has no IPv6 loopback',
    }, async () => {
      const transport = transportOf({ host: '::1' });
      transport.handle(reverse);
      const { port } = await transport.open();
      assert.deepEqual(await ask(port, '::1', [1, 2, 3]), [3, 2, 1]);
    });

    test('answers each of many senders with its own answer, in whatever batches', async () => {
      const transport = transportOf();
      transport.handle(reverse);
      const { port } = await transport.open();
      const asked = Array.from({ length: 100 }, (_, at) => [at, 7, 9]);
      const answers = await Promise.all(asked.map((bytes) => ask(port, '127.0.0.1', bytes)));
      assert.deepEqual(
        answers,
        asked.map((bytes) => bytes.toReversed()),
      );
      await until(() => transport.counters().sentDatagrams === 100);
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
      for (const bytes of [0, 9, 1400, 60_000]) {
        socket.send(new Uint8Array(bytes), port, '127.0.0.1');
      }
      assert.deepEqual(
        await ask(port, '127.0.0.1', [1, 2, 3, 4, 5, 6, 7, 8]),
        [8, 7, 6, 5, 4, 3, 2, 1],
      );
      await until(() => transport.counters().receivedDatagrams === 5);
      assert.equal(transport.counters().unansweredDatagrams, 1);
      assert.equal(transport.counters().oversizedDatagrams, 3);
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

    test('closes before it was opened, and is not opened afterwards or twice', async () => {
      const unopened = transportOf();
      await unopened.close();
      await assert.rejects(unopened.open(), { code: 'BCHF_UDP_CLOSED' });
      const transport = transportOf();
      await transport.open();
      await assert.rejects(transport.open(), { code: 'BCHF_UDP_CLOSED' });
    });

    test('frees its port when it is closed, once', async () => {
      const first = transportOf();
      const { port } = await first.open();
      await first.close();
      await first.close();
      const second = transportOf({ port });
      assert.equal((await second.open()).port, port);
    });

    test('a close while it opens ends both', async () => {
      for (const host of ['127.0.0.1', 'localhost']) {
        const transport = transportOf({ host });
        const rejected = assert.rejects(transport.open(), { code: 'BCHF_UDP_CLOSED' });
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
      for (const host of ['203.0.113.1', 'no-such-host.invalid']) {
        await assert.rejects(transportOf({ host }).open(), { code: 'BCHF_UDP_LISTEN' });
      }
    });

    test('refuses limits outside their ranges', () => {
      assert.throws(() => transportOf({ datagramBytesMax: 0 }), RangeError);
      assert.throws(() => transportOf({ datagramBytesMax: 65_508 }), RangeError);
    });

    test('answers from both sockets that share a port', {
      skip: !isShareable && 'it cannot share one here',
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
}
