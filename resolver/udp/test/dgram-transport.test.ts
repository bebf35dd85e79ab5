import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { describe, test } from 'node:test';
import {
  createDgramTransport,
  DGRAM_REUSE_PORT_SUPPORTED,
  supportsReusePort,
} from '../dgram-transport.ts';
import type { UdpTransport, UdpTransportOptions } from '../udp-transport.ts';
import {
  ask,
  closeAfterTests,
  describeTransport,
  reverse,
  socketOf,
  until,
} from './udp-transport-suite.ts';

describeTransport('the dgram transport', createDgramTransport, DGRAM_REUSE_PORT_SUPPORTED);

function transportOf(options: Partial<UdpTransportOptions> = {}): UdpTransport {
  return closeAfterTests(createDgramTransport({ host: '127.0.0.1', port: 0, ...options }));
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
  closeAfterTests(transport);
  transport.handle(reverse);
  const { port } = await transport.open();
  return { transport, port };
}

describe('the send queue of the dgram transport', () => {
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
    closeAfterTests(transport);
    await transport.open();
    made!.emit('error', new Error('a network went away'));
    assert.equal(transport.counters().socketErrors, 1);
  });

  test('refuses limits outside their ranges', () => {
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
});
