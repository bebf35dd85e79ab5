// The answerers of ENUM packets in TypeScript and in Wasm give every packet the same bytes and count
// the same: queries of every kind, mutated ones, forged cookies, clients over their limit.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exampleRoute } from '../../test/example-route.ts';
import { parseAddress } from '../../udp/client-address-codec.ts';
import { createPacketSource } from './enum-packets.ts';
import { createMutationComparison, createSubject, SECRETS, settings } from './enum-subject.ts';
import { createTypeScriptTwin, createWasmTwin } from './enum-twins.ts';
import { createRandom, hex, printedSeed } from './fixture.ts';

describe('both answerers', () => {
  for (const build of ['release', 'debug'] as const) {
    test(`give the same bytes for queries of every kind, and count the same (${build})`, () => {
      const { index, lookup } = createSubject();
      const random = createRandom(printedSeed());
      const typescript = createTypeScriptTwin(settings, lookup);
      const wasm = createWasmTwin(settings, lookup, index, build);
      const source = createPacketSource(random, SECRETS);
      let nowMs = 1_700_000_000_000;
      for (let batch = 0; batch < 150; batch++) {
        nowMs += random(120);
        const packets = Array.from({ length: 1 + random(64) }, () => source.next(nowMs));
        // One at a time, because what Wasm leaves is answered after the others of its batch.
        const together = random(4) === 0;
        const batches = together ? [packets] : packets.map((packet) => [packet]);
        for (const each of batches) {
          if (together && each.some(({ client }) => client[0] !== 0 || client[12] !== 127)) {
            for (const packet of each) packet.client = parseAddress('127.0.0.1')!;
          }
          const expected = typescript.answer(each, nowMs);
          const given = wasm.answer(each, nowMs);
          for (const [at, { message, client }] of each.entries()) {
            if (!Buffer.from(given[at]!).equals(expected[at]!)) {
              const packet = `${Buffer.from(message).toString('hex')} from ${client}`;
              assert.deepEqual(given[at], expected[at], packet);
            }
            source.learn(given[at]!, client);
          }
        }
      }
      assert.deepEqual(wasm.counters(), typescript.counters());
      const counters = typescript.counters();
      const uncounted = Object.entries(counters).filter(([, count]) => count === 0);
      const cannot = /^(tcp|servicesLeftOut|droppedShort|droppedResponse)/;
      assert.deepEqual(
        uncounted.filter(([name]) => !cannot.test(name)),
        [],
        'every case was met',
      );
      const answeredInWasm = counters.udpReceived - wasm.handedOut();
      assert.ok(answeredInWasm > 500, `${answeredInWasm} were answered in Wasm`);
    });
  }
});

test('both answer mutated packets alike', () => {
  createMutationComparison(printedSeed())(20_000);
});

test('a template that is not known is made by the first query for its route', () => {
  const { index, lookup } = createSubject();
  const wasm = createWasmTwin(settings, lookup, index);
  const source = createPacketSource(createRandom(1), SECRETS);
  const client = parseAddress('127.0.0.1')!;
  const packet = { message: source.naptr('358401234567', 'e164.arpa'), client };
  const [first] = wasm.answer([packet], 0);
  assert.equal(wasm.handedOut(), 1);
  const [second] = wasm.answer([packet], 0);
  assert.equal(wasm.handedOut(), 1);
  assert.deepEqual(second, first);
  wasm.endpoint.changeRoutes([2]);
  wasm.answer([packet], 0);
  assert.equal(wasm.handedOut(), 2, 'a route that has changed is made again');
  wasm.endpoint.apply(settings);
  wasm.answer([packet], 0);
  assert.equal(wasm.handedOut(), 3, 'and so are all when the settings change');
});

test('a route with other details gets another answer in Wasm too', () => {
  const { index, routes, lookup } = createSubject();
  const wasm = createWasmTwin(settings, lookup, index);
  const source = createPacketSource(createRandom(1), SECRETS);
  const client = parseAddress('127.0.0.1')!;
  const packet = { message: source.naptr('358401234567', 'e164.arpa'), client };
  for (let count = 0; count < 2; count++) wasm.answer([packet], 0);
  routes[2] = exampleRoute('r2', { plmn: { mcc: '262', mnc: '01' } });
  wasm.endpoint.changeRoutes([2]);
  for (let count = 0; count < 2; count++) {
    const [answer] = wasm.answer([packet], 0);
    assert.match(Buffer.from(answer!).toString('latin1'), /mnc001\.mcc262/);
  }
});

test('cookies of RFC 9018 come out of Wasm as they should', () => {
  const { index, lookup } = createSubject();
  const wasm = createWasmTwin(settings, lookup, index);
  const source = createPacketSource(createRandom(1), SECRETS);
  const client = parseAddress('198.51.100.100')!;
  const message = source.naptr('9', 'e164.arpa', hex('2464c4abcf10c957'));
  const [answer] = wasm.answer([{ message, client }], 1_559_731_985_000);
  assert.equal(wasm.handedOut(), 0);
  assert.equal(
    Buffer.from(answer!.subarray(-24)).toString('hex'),
    '2464c4abcf10c957010000005cf79f111f8130c3eee29480',
  );
});
