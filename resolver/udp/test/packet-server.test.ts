import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import * as layout from '../../../wasm/packet-layout.ts';
import { blockOf, packetFile, setCarrier, setRateLimits } from '../../../wasm/packet-module.ts';
import { ENUM_LAYOUT_NAMES } from '../../enum/enum-block.ts';
import {
  BATCH_DATAGRAM_BYTES_MAX,
  createBatchResponse,
  readResponse,
  writeLookupRequest,
  writeRouteRequest,
} from '../batch-codec.ts';
import { batchProtocol, PacketServer, PDB_PROTOCOL } from '../packet-server.ts';
import { answerOf, readerOfAnswers, seedOfRun } from './batch-fixtures.ts';
import { compareParsers } from './packet-comparison.ts';
import { playedBlock, serveAll } from './packet-fixtures.ts';

const enumNames = new Set<string>(ENUM_LAYOUT_NAMES);
const known = 18613912345678;
const freshness = { height: 2 ** 40 + 5, lagMs: 1, routeTableVersion: 2 };
const reader = {
  ...readerOfAnswers(new Map([[known, answerOf(3, 13, 9)]])),
  batchMax: layout.KEYS_MAX,
};
const readers = { imsi: reader, msisdn: reader };
const out = new Uint8Array(BATCH_DATAGRAM_BYTES_MAX);

function lookupOf(keys: number[], requestId = 7): Uint8Array {
  return out.slice(0, writeLookupRequest(out, requestId, 'msisdn', keys, keys.length));
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

for (const build of ['debug', 'release'] as const) {
  describe(`the packet module, ${build}`, () => {
    test('has its parts where the host expects them', () => {
      const module = new WebAssembly.Module(readFileSync(packetFile(build)));
      const { block } = playedBlock(readers, freshness, 64, build);
      const offsets = Object.entries(block.exports).filter(
        // Offsets in the ENUM block are told by the module alone.
        ([name, value]) => typeof value === 'object' && !enumNames.has(name),
      );
      assert.ok(offsets.length > 5);
      for (const [name, offset] of offsets) {
        const { value } = offset as unknown as { value: number };
        assert.equal(value, (layout as Record<string, unknown>)[name], name);
      }
      assert.deepEqual(WebAssembly.Module.imports(module), [
        { module: 'env', name: 'memory', kind: 'memory' },
      ]);
    });

    test('answers as the TypeScript parsers do, whatever comes', () => {
      compareParsers(build, seedOfRun(), 20_000);
    });
  });
}

describe('a packet server of the batch protocol', () => {
  test('answers packets of several rounds, each with its own answers', () => {
    const { system, block } = playedBlock(readers, freshness);
    const server = new PacketServer(block, batchProtocol());
    const packets = Array.from({ length: 64 }, (_, at) => ({
      bytes: lookupOf(
        Array.from({ length: 128 }, (_, slot) => (slot === at ? known : 10 + (slot % 10))),
        at,
      ),
    }));
    const responses = serveAll(system, server, packets);
    assert.equal(responses.length, 64);
    for (const [at, bytes] of responses.entries()) {
      const response = createBatchResponse();
      assert.ok(readResponse(bytes, response));
      assert.equal(response.requestId, at);
      assert.equal(response.height, freshness.height);
      const found = [...response.answers.subarray(0, 128)].map((answer) => answer !== 0);
      assert.equal(found.indexOf(true), at);
      assert.equal(found.lastIndexOf(true), at);
    }
    assert.equal(server.counters().receivedDatagrams, 64);
    assert.equal(server.counters().sentBytes, 64 * (32 + 8 * 128));
  });

  test('gives the host what is no lookup, with its sender', () => {
    const { system, block } = playedBlock(readers, freshness);
    const server = new PacketServer(block, batchProtocol());
    const seen: string[] = [];
    server.handle((message, response, sender) => {
      seen.push(`${message.length} ${Buffer.from(sender).toString('hex')}`);
      response.fill(9, 0, 40);
      return message.length === 300 ? 0 : 40;
    });
    const route = (bytes: number) => out.slice(0, writeRouteRequest(out, 1, 9, bytes));
    const responses = serveAll(system, server, [
      { bytes: lookupOf([known]) },
      { bytes: route(200), from: '198.51.100.9' },
      { bytes: route(300), from: '2001:db8::1' },
      { bytes: lookupOf([10]) },
    ]);
    assert.deepEqual(
      responses.map(({ length }) => length),
      [40, 40, 40],
    );
    assert.deepEqual(seen, [
      '200 00000000000000000000ffffc6336409',
      '300 20010db8000000000000000000000001',
    ]);
    assert.equal(server.counters().unansweredDatagrams, 1);
  });

  test('leaves lookups to the host where it must', () => {
    const { system, block } = playedBlock(readers, freshness);
    const server = new PacketServer(block, batchProtocol(false));
    server.handle((_, response) => response.fill(5, 0, 32).length && 32);
    const [response] = serveAll(system, server, [{ bytes: lookupOf([known]) }]);
    assert.deepEqual([...response!], new Array(32).fill(5));
  });

  test('counts latencies and batch sizes by powers of two', () => {
    const { system, block } = playedBlock(readers, freshness);
    const server = new PacketServer(block, batchProtocol());
    const gettime = system.calls.clockGettime;
    system.calls.clockGettime = (clock, time) => {
      system.nowNs += 3000n;
      return gettime(clock, time);
    };
    serveAll(system, server, new Array(5).fill({ bytes: lookupOf([known]) }));
    const words = (first: number, count: number) =>
      Array.from({ length: count }, (_, at) => block.counted(layout.PROTOCOL_BATCH, first + at));
    // 3 µs from the one reading of the clock to the other: above 2, at most 4.
    assert.deepEqual(words(layout.LATENCIES / 8, 4), [0, 0, 5, 0]);
    assert.equal(
      block.counted(layout.PROTOCOL_BATCH, layout.LATENCIES / 8 + layout.LATENCY_SUM),
      15_000,
    );
    assert.deepEqual(words(layout.BATCH_SIZES / 8, 9), [0, 0, 0, 1, 0, 0, 0, 0, 0]);
  });
});

describe('a packet server of the pdb protocol', () => {
  function answerTo(request: Uint8Array): string | undefined {
    const { system, block } = playedBlock(readers, freshness);
    setCarrier(system.memory, 9, 0x1234);
    const [response] = serveAll(system, new PacketServer(block, PDB_PROTOCOL), [
      { bytes: request },
    ]);
    return response && Buffer.from(response).toString('latin1');
  }

  test('answers both versions in the bytes of Kamailio', () => {
    const number = '8613912345678';
    // Version, type, code, length, id as Kamailio's module sends them, and what its server answers.
    const asked = bytesOf(`\x01\x00\x00\x14\xab\xcd${number}\0`);
    assert.equal(answerTo(asked), `\x01\x01\x01\x16\xab\xcd${number}\0\x12\x34`);
    assert.equal(answerTo(bytesOf('\x01\x00\x00\x0a\0\x01461\0')), '\x01\x01\x03\x06\0\x01');
    assert.equal(answerTo(bytesOf('\x01\x00\x00\x0b\0\x01+461\0')), '\x01\x01\x02\x06\0\x01');
    assert.equal(answerTo(bytesOf(`${number}\0`)), `${number}\0\x12\x34`);
    assert.equal(answerTo(bytesOf(number)), `${number}\0\x12\x34`);
    assert.equal(answerTo(bytesOf('461')), '461\0\0\0');
  });

  test('answers no answer, so that no two servers can be made to talk to each other', () => {
    for (const request of ['461', '461\0', '8613912345678', '\x01\x00\x00\x0a\0\x01461\0']) {
      const answer = answerTo(bytesOf(request));
      assert.ok(answer !== undefined);
      assert.equal(answerTo(bytesOf(answer)), undefined);
    }
  });

  test('answers with at most 3 bytes more than it was asked with', () => {
    for (let digits = 1; digits < 249; digits++) {
      const answer = answerTo(bytesOf('1'.repeat(digits)));
      assert.equal(answer?.length, digits + 3);
    }
    assert.equal(answerTo(bytesOf('1'.repeat(249))), undefined);
  });
});

describe('limits of senders', () => {
  function served(setUp: (system: ReturnType<typeof playedBlock>['system']) => void) {
    const { system, block } = playedBlock(readers, freshness);
    setUp(system);
    const server = new PacketServer(block, batchProtocol());
    const bytes = lookupOf([known]);
    const ask = (from: string, count = 1) =>
      serveAll(system, server, new Array(count).fill({ bytes, from })).length;
    const limited = (counter: number) => block.counted(layout.PROTOCOL_BATCH, counter);
    return { system, ask, limited };
  }

  test('let a burst through, then as many as time allows, for each sender', () => {
    const { system, ask, limited } = served(({ memory }) =>
      setRateLimits(memory, layout.PROTOCOL_BATCH, {
        sender: { packetsPerSecond: 1000, burst: 10 },
      }),
    );
    assert.equal(ask('192.0.2.1', 25), 10);
    assert.equal(ask('192.0.2.2', 5), 5);
    assert.equal(limited(layout.COUNT_LIMITED_SENDER), 15);
    system.nowNs += 3_000_000n;
    assert.equal(ask('192.0.2.1', 25), 3);
    system.nowNs += 3600_000_000_000n;
    assert.equal(ask('192.0.2.1', 25), 10, 'a quiet sender has its burst again, however long');
  });

  test('count the hosts of one IPv6 network of 64 bits as one sender', () => {
    const { ask } = served(({ memory }) =>
      setRateLimits(memory, layout.PROTOCOL_BATCH, {
        sender: { packetsPerSecond: 1000, burst: 10 },
      }),
    );
    assert.equal(ask('2001:db8::1', 8), 8);
    assert.equal(ask('2001:db8::ffff', 8), 2);
    assert.equal(ask('2001:db8:0:1::1', 8), 8);
  });

  test('count all senders of a prefix together', () => {
    const { ask, limited } = served(({ memory }) =>
      setRateLimits(memory, layout.PROTOCOL_BATCH, {
        prefix: { packetsPerSecond: 1000, burst: 10 },
      }),
    );
    for (let host = 1; host <= 20; host++) assert.equal(ask(`192.0.2.${host}`), host <= 10 ? 1 : 0);
    assert.equal(ask('192.0.3.1'), 1);
    assert.equal(ask('::ffff:192.0.3.2', 20), 9, 'the same network on a socket of both versions');
    assert.equal(limited(layout.COUNT_LIMITED_PREFIX), 21);
  });

  test('stay within a table of fixed size, and err to the side of answering', () => {
    const { ask } = served(({ memory }) =>
      setRateLimits(memory, layout.PROTOCOL_BATCH, {
        sender: { packetsPerSecond: 1, burst: 1 },
      }),
    );
    let answered = 0;
    for (let host = 0; host < 100_000; host++) {
      answered += ask(`10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`);
    }
    assert.equal(answered, 100_000);
  });

  test('are refused where the table cannot express them', () => {
    const { system } = served(() => {});
    for (const sender of [
      { packetsPerSecond: 0, burst: 1 },
      { packetsPerSecond: 1, burst: 1000 },
      { packetsPerSecond: 1e8, burst: 1 },
      { packetsPerSecond: 1, burst: 0 },
    ]) {
      assert.throws(() => setRateLimits(system.memory, 0, { sender }), RangeError);
    }
  });
});

test('blocks of threads do not overlap', () => {
  assert.equal(blockOf(1) - blockOf(0), layout.BLOCK_BYTES);
  assert.ok(layout.ANSWERS + 8 * layout.KEYS_MAX <= layout.BLOCK_BYTES);
});
