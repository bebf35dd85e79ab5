// The batching generator: every request is accounted for, and an answer counts only for the request that
// it belongs to.

import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { loadSystemCalls, POLLIN, type SystemCalls } from '../../resolver/udp/system-calls.ts';
import { type BatchLoadOptions, runBatchLoad, WINDOW_MAX } from '../batch-load.ts';
import { layOutPackets, preparePackets } from '../packet-pool.ts';
import type { EchoFaults } from './echo-thread.ts';
import { stall } from './load-fixtures.ts';

const calls = loadSystemCalls();
const skip = calls === undefined && 'recvmmsg needs 64-bit Linux and koffi';
const HOST = '127.0.0.1';
const PACKETS = 300;
/** A byte of the packet tells which one it is; the id lies before it. */
const ID_OFFSET = 1;
const MARK = 3;

function packetsOf(bytesOf: (packet: number) => number) {
  const packets = Array.from({ length: PACKETS }, (_, packet) => {
    const bytes = new Uint8Array(bytesOf(packet));
    bytes[MARK] = packet % 251;
    return bytes;
  });
  return preparePackets(packets, calls!.addressOf);
}

const check: BatchLoadOptions['check'] = (packet, response) =>
  response[MARK] === packet % 251 && response.at(-1) === 0 ? undefined : `packet ${packet}`;

async function withEcho(faults: Partial<EchoFaults>, use: (port: number) => void): Promise<void> {
  const workerData = { dropOneIn: 0, repeatOneIn: 0, changeOneIn: 0, ...faults };
  const thread = new Worker(new URL('./echo-thread.js', import.meta.url), { workerData });
  const [port] = await once(thread, 'message');
  try {
    use(port);
  } finally {
    await thread.terminate();
  }
}

const load = (port: number, options: Partial<BatchLoadOptions> = {}) =>
  runBatchLoad({
    calls: calls!,
    server: { address: HOST, port },
    packets: packetsOf(() => 40),
    idOffset: ID_OFFSET,
    window: 32,
    durationMs: 200,
    checkEvery: 1,
    check,
    ...options,
  });

describe('Batch load', { skip }, () => {
  for (const [kind, bytesOf] of [
    ['one length', () => 40],
    ['several lengths', (packet: number) => 30 + (packet % 20)],
  ] as const) {
    test(`gets each answer to its own request, packets of ${kind}`, async () => {
      await withEcho({}, (port) => {
        const result = load(port, { packets: packetsOf(bytesOf), durationMs: 1000 });
        assert.ok(result.answered > PACKETS, `the packets went round: ${result.answered}`);
        assert.equal(result.sent, result.answered + result.answeredLater + result.lost);
        assert.equal(result.checked, result.answered + result.answeredLater);
        assert.equal(result.wrong, 0);
        // The echo may have been kept from running for so long that its answers no longer counted.
        assert.ok(result.unexpected <= result.lost, `${result.unexpected} of ${result.lost}`);
        assert.equal(result.latencies.totalCount, result.checked);
      });
    });
  }

  test('counts what is not answered as lost, and goes on', async () => {
    await withEcho({ dropOneIn: 10 }, (port) => {
      const result = load(port, { durationMs: 600 });
      assert.ok(result.lost >= 10, `lost ${result.lost}`);
      assert.equal(result.sent, result.answered + result.answeredLater + result.lost);
      assert.equal(result.wrong, 0);
    });
  });

  test('counts a repeated answer once', async () => {
    await withEcho({ repeatOneIn: 5 }, (port) => {
      const result = load(port);
      assert.ok(result.unexpected > 0);
      assert.equal(result.sent, result.answered + result.answeredLater + result.lost);
    });
  });

  test('tells wrong answers, a few of them with what is wrong', async () => {
    await withEcho({ changeOneIn: 3 }, (port) => {
      const result = load(port);
      const third = result.checked / 3;
      assert.ok(Math.abs(result.wrong - third) < 2, `${result.wrong} of ${result.checked}`);
      assert.equal(result.examples.length, 5);
      assert.match(result.examples[0]!, /^packet \d+$/);
    });
  });

  test('judges one of so many', async () => {
    await withEcho({}, (port) => {
      const { sent, lost, checked } = load(port, { checkEvery: 7 });
      assert.equal(checked, Math.ceil((sent - lost) / 7));
    });
  });

  for (const spin of [true, false]) {
    test(`on a schedule sends no more than is due, ${spin ? 'spinning' : 'sleeping'}`, async () => {
      await withEcho({}, (port) => {
        const { sent, unsent } = load(port, { perSecond: 5000, spin });
        assert.ok(sent > 0 && sent + unsent <= 1000 + 50, `${sent} sent, ${unsent} not`);
      });
    });
  }

  test('on a schedule a pause of the generator shows in the latency of all that was due meanwhile', async () => {
    await withEcho({}, (port) => {
      let checks = 0;
      const { latencies } = load(port, {
        // Few enough that what is due after the pause finds room in the echo's socket.
        ...{ perSecond: 500, durationMs: 2000, window: WINDOW_MAX },
        check(packet, response) {
          if (++checks === 10) stall(400);
          return check(packet, response);
        },
      });
      // A tenth of all was due in the first half of the pause, but for what a busy machine may lose.
      assert.ok(latencies.getValueAtPercentile(95) >= 200_000, 'microseconds');
    });
  });

  test('sleeps on memory that is still its own after the collector has run', async () => {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const polled: number[][] = [];
    const poll: SystemCalls['poll'] = (address, count, timeoutMs) => {
      if (polled.length < 3) {
        collect();
        // What was given back is written over.
        for (let at = 0; at < 2000; at++) new Uint8Array(new SharedArrayBuffer(8)).fill(0xff);
        const bytes = new DataView(koffi.view(BigInt(address), 8));
        polled.push([bytes.getInt32(0, true), bytes.getInt16(4, true)]);
      }
      return calls!.poll(address, count, timeoutMs);
    };
    await withEcho({}, (port) => {
      load(port, { perSecond: 500, spin: false, calls: { ...calls!, poll } });
    });
    assert.ok(polled.length > 0, 'it slept');
    for (const [fd, events] of polled) {
      assert.ok(fd! > 2 && fd! < 1 << 20, `descriptor ${fd}`);
      assert.equal(events, POLLIN);
    }
  });

  test('ends where nobody answers, everything lost', async () => {
    const silent = dgram.createSocket('udp4');
    silent.bind(0, HOST);
    await once(silent, 'listening');
    const { sent, answered, lost } = load(silent.address().port, { durationMs: 500 });
    silent.close();
    assert.ok(sent >= 32);
    assert.deepEqual([answered, lost], [0, sent]);
  });

  test('refuses what is out of range', () => {
    assert.throws(() => load(1, { window: 0 }), RangeError);
    assert.throws(() => load(1, { window: WINDOW_MAX + 1 }), RangeError);
    assert.throws(() => layOutPackets(2 ** 21, 1200, calls!.addressOf), RangeError);
  });
});
