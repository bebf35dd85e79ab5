// Bytes of the network: one form for each message, limits on frames, rates by peer.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomFrom, seed } from '../../test/seed.ts';
import { encodeFrame, FrameReader } from '../frame-codec.ts';
import {
  decodeBlockMessage,
  decodeHead,
  decodeRange,
  decodeTransactionMessage,
  encodeBlockMessage,
  encodeRange,
  encodeTransactionMessage,
  namesOf,
  TRANSACTION_ROUNDS_MAX,
} from '../message-codec.ts';
import { nodeKeyOf } from '../node-key.ts';
import { RateLimit } from '../rate-limit.ts';
import { checkMessage, MESSAGE_BYTES_MAX } from '../transport.ts';

const random = randomFrom(seed);
const bytes = (length: number): Uint8Array =>
  Uint8Array.from({ length }, () => Math.floor(random() * 256));

describe('messages', () => {
  it('come back as they were', () => {
    const block = { block: bytes(300), commit: bytes(40) };
    const head = { head: bytes(30), commit: bytes(40) };
    assert.deepEqual({ ...decodeBlockMessage(encodeBlockMessage(block)) }, block);
    assert.deepEqual({ ...decodeBlockMessage(encodeBlockMessage(head)) }, head);
    const transaction = { transaction: bytes(50), round: TRANSACTION_ROUNDS_MAX - 1 };
    assert.deepEqual(decodeTransactionMessage(encodeTransactionMessage(transaction)), transaction);
    const range = { from: 2 ** 40, count: 16 };
    assert.deepEqual(decodeRange(encodeRange(range)), range);
  });

  it('are refused where they are cut, lengthened, turned round or of another kind', () => {
    const encoded = encodeBlockMessage({ block: bytes(9), commit: bytes(9) });
    for (let length = 0; length < encoded.length; length++) {
      assert.equal(decodeBlockMessage(encoded.subarray(0, length)), undefined);
    }
    assert.equal(decodeBlockMessage(Buffer.concat([encoded, Uint8Array.of(0x20, 1)])), undefined);
    const half = encoded.length / 2;
    const turned = Buffer.concat([encoded.subarray(half), encoded.subarray(0, half)]);
    assert.equal(decodeBlockMessage(turned), undefined);
    assert.equal(decodeBlockMessage(Buffer.concat([encoded, encoded])), undefined);
    assert.equal(decodeTransactionMessage(encoded), undefined);
    assert.equal(decodeRange(encoded), undefined);
    assert.equal(decodeHead(encoded), undefined);
    for (let round = 0; round < 2_000; round++) {
      const noise = bytes(Math.floor(random() * 40));
      decodeBlockMessage(noise);
      decodeTransactionMessage(noise);
      decodeRange(noise);
      decodeHead(noise);
    }
  });

  it('have limits: rounds of a transaction, heights and counts of a range', () => {
    const late = encodeTransactionMessage({ transaction: bytes(5), round: TRANSACTION_ROUNDS_MAX });
    assert.equal(decodeTransactionMessage(late), undefined);
    assert.equal(decodeRange(encodeRange({ from: 0, count: 1 })), undefined);
    assert.equal(decodeRange(encodeRange({ from: 1, count: 0 })), undefined);
    assert.equal(decodeRange(encodeRange({ from: -5, count: 1 })), undefined);
    assert.throws(() => checkMessage(new Uint8Array(MESSAGE_BYTES_MAX + 1)), RangeError);
    checkMessage(new Uint8Array(MESSAGE_BYTES_MAX));
  });

  it('have names that differ by chain', () => {
    const names = [...Object.values(namesOf('one')), ...Object.values(namesOf('two'))];
    assert.equal(new Set(names).size, 8);
  });
});

describe('frames', () => {
  it('are whole again however the stream is cut', () => {
    const frames = Array.from({ length: 30 }, () => bytes(Math.floor(random() * 200)));
    const stream = Buffer.concat(frames.map(encodeFrame));
    const reader = new FrameReader(200, stream.length);
    const read: Uint8Array[] = [];
    for (let at = 0; at < stream.length; ) {
      const end = at + 1 + Math.floor(random() * 50);
      read.push(...reader.push(stream.subarray(at, end)));
      at = end;
    }
    reader.end();
    assert.deepEqual(
      read.map((frame) => [...frame]),
      frames.map((frame) => [...frame]),
    );
  });

  it('are refused beyond the limits and where the stream ends inside of one', () => {
    assert.throws(() => [...new FrameReader(10, 100).push(encodeFrame(bytes(11)))], RangeError);
    assert.throws(() => [...new FrameReader(10, 13).push(encodeFrame(bytes(10)))], RangeError);
    const reader = new FrameReader(10, 100);
    assert.equal([...reader.push(encodeFrame(bytes(10)).subarray(0, 9))].length, 0);
    assert.throws(() => reader.end(), RangeError);
  });
});

describe('a rate', () => {
  it('lets a burst through, then so many a second, for each peer by itself', () => {
    let nowMs = 0;
    const rate = new RateLimit({ perSecond: 10, burst: 5 }, () => nowMs);
    const taken = (peer: string): number =>
      Array.from({ length: 20 }, () => rate.take(peer)).filter(Boolean).length;
    assert.equal(taken('a'), 5);
    assert.equal(taken('b'), 5);
    nowMs += 300;
    assert.equal(taken('a'), 3);
    nowMs += 60_000;
    assert.equal(taken('a'), 5);
  });
});

it('a node key gives the same peer id every time', async () => {
  const [one, again, other] = await Promise.all(
    [7, 7, 8].map((at) => nodeKeyOf(Buffer.alloc(32, at))),
  );
  assert.equal(one!.peerId, again!.peerId);
  assert.notEqual(one!.peerId, other!.peerId);
  assert.match(one!.peerId, /^12D3KooW/);
});
