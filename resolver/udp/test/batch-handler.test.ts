import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Identity } from '../../../ledger/number.ts';
import { IDENTITIES } from '../../../ledger/number.ts';
import { createRandom } from '../../../ledger/population/random.ts';
import { encodeQuery } from '../../enum/dns-client-codec.ts';
import { encodeName, RECORD_TYPE } from '../../enum/dns-codec.ts';
import { send as sendToEnum } from '../../enum/test/fixture.ts';
import { BatchAuthenticator } from '../batch-authentication.ts';
import type { DropReason } from '../batch-codec.ts';
import {
  BATCH_DATAGRAM_BYTES_MAX,
  createBatchResponse,
  DROP_REASONS,
  RESPONSE_HEADER_BYTES,
  readResponse,
  responseBytesMax,
  routeRequestBytes,
  STATUS_IDENTITY_NOT_SERVED,
  STATUS_NOT_AUTHENTICATED,
  STATUS_OK,
  STATUS_REQUEST_TOO_SMALL,
  STATUS_UNKNOWN_ROUTE,
  STATUS_UNSUPPORTED_OPERATION,
  STATUS_UNSUPPORTED_VERSION,
  writeLookupRequest,
  writeRouteRequest,
} from '../batch-codec.ts';
import type { BatchSources } from '../batch-handler.ts';
import { createBatchHandler } from '../batch-handler.ts';
import { SEAL_BYTES, seal } from '../batch-seal-codec.ts';
import { answerOf, readExamples, readerOfAnswers, seedOfRun } from './batch-fixtures.ts';

const known = 18613912345678;
const details = new TextEncoder().encode(JSON.stringify({ id: 'udm-1', note: 'é'.repeat(100) }));

function sourcesOf(changes: Partial<BatchSources> = {}): BatchSources {
  const reader = readerOfAnswers(new Map([[known, answerOf(3, 13, 9)]]));
  return {
    readerOf: (identity) => (identity === 'msisdn' ? reader : undefined),
    freshness: () => ({ height: 5, lagMs: 1, routeTableVersion: 2 }),
    routeJson: (routeNumber) => (routeNumber === 9 ? details : undefined),
    ...changes,
  };
}

const NOW_MS = 1_764_000_000_000;
const SEAL_KEY = { id: 7, secret: new Uint8Array(32).fill(3) };

function authenticatorOf(mode: 'optional' | 'required', nowMs = () => NOW_MS) {
  const keys = { [SEAL_KEY.id]: Buffer.from(SEAL_KEY.secret).toString('hex') };
  return new BatchAuthenticator({ mode, windowMs: 1000, keys, replays: undefined }, nowMs);
}

const out = new Uint8Array(BATCH_DATAGRAM_BYTES_MAX);
const response = new Uint8Array(BATCH_DATAGRAM_BYTES_MAX);

function handled(handler: ReturnType<typeof createBatchHandler>, message: Uint8Array) {
  const bytes = handler.handle(message, response);
  const read = createBatchResponse();
  assert.ok(readResponse(response.subarray(0, bytes), read));
  return read;
}

describe('the batch handler', () => {
  test('answers known, unknown and malformed numbers side by side', () => {
    const handler = createBatchHandler(sourcesOf());
    const message = out.slice(0, writeLookupRequest(out, 77, 'msisdn', [known, 10461, 15], 3));
    message[16 + 2 * 8 + 7] = 0; // The third number now has no digits.
    const read = handled(handler, message);
    assert.equal(read.requestId, 77);
    assert.equal(read.status, STATUS_OK);
    assert.deepEqual([...read.answers.subarray(0, 3)], [answerOf(3, 13, 9), 0, 0]);
    assert.deepEqual([...read.numberStatus.subarray(0, 3)], [0, 0, 1]);
    assert.equal(read.height, 5);
    assert.equal(read.routeTableVersion, 2);
    const { lookupRequests, lookedUpNumbers, malformedNumbers } = handler.counters();
    assert.deepEqual([lookupRequests, lookedUpNumbers, malformedNumbers], [1, 3, 1]);
  });

  test('a malformed number gets no answer even where its stand-in would', () => {
    const reader = readerOfAnswers(new Map([[10, answerOf(1, 1, 3)]]));
    const handler = createBatchHandler(sourcesOf({ readerOf: () => reader }));
    const message = out.slice(0, writeLookupRequest(out, 1, 'imsi', [10, 10], 2));
    message[16 + 8 + 7] = 0;
    const read = handled(handler, message);
    assert.deepEqual([...read.answers.subarray(0, 2)], [answerOf(1, 1, 3), 0]);
  });

  test('claims the freshness from before the lookup', () => {
    let height = 1;
    const reader = readerOfAnswers(new Map());
    const handler = createBatchHandler(
      sourcesOf({
        readerOf: () => ({
          ...reader,
          lookup() {
            height = 2;
          },
        }),
        freshness: () => ({ height, lagMs: undefined, routeTableVersion: 1 }),
      }),
    );
    const read = handled(handler, out.slice(0, writeLookupRequest(out, 1, 'imsi', [known], 1)));
    assert.equal(read.height, 1);
  });

  test('refuses by status what it does not serve', () => {
    const handler = createBatchHandler(sourcesOf());
    const lookup = out.slice(0, writeLookupRequest(out, 1, 'imsi', [known], 1));
    assert.equal(handled(handler, lookup).status, STATUS_IDENTITY_NOT_SERVED);
    lookup[3] = 9;
    assert.equal(handled(handler, lookup).status, STATUS_UNSUPPORTED_OPERATION);
    lookup[2] = 2;
    assert.equal(handled(handler, lookup).status, STATUS_UNSUPPORTED_VERSION);
    assert.equal(handler.counters().refusedRequests, 3);
  });

  test('tells the details of a route once the request is long enough', () => {
    const handler = createBatchHandler(sourcesOf());
    const short = handled(handler, out.slice(0, writeRouteRequest(out, 1, 9, 64)));
    assert.equal(short.status, STATUS_REQUEST_TOO_SMALL);
    assert.equal(short.size, routeRequestBytes(details.length));
    const enough = handled(handler, out.slice(0, writeRouteRequest(out, 1, 9, short.size)));
    assert.equal(enough.status, STATUS_OK);
    const body = response.slice(RESPONSE_HEADER_BYTES, RESPONSE_HEADER_BYTES + enough.size);
    assert.deepEqual(body, details);
    const unknown = handled(handler, out.slice(0, writeRouteRequest(out, 1, 10, 16)));
    assert.equal(unknown.status, STATUS_UNKNOWN_ROUTE);
    assert.equal(handler.counters().routeRequests, 3);
  });

  test('the freshness of details is the same whatever was asked before', () => {
    const freshness = (identity: Identity) => ({
      height: identity === 'imsi' ? 4 : 5,
      lagMs: 0,
      routeTableVersion: 1,
    });
    const handler = createBatchHandler(
      sourcesOf({ readerOf: () => readerOfAnswers(new Map()), freshness }),
    );
    for (const identity of IDENTITIES) {
      handled(handler, out.slice(0, writeLookupRequest(out, 1, identity, [known], 1)));
      const details = handled(handler, out.slice(0, writeRouteRequest(out, 1, 9, 512)));
      assert.equal(details.height, 5);
    }
  });

  test('answers no DNS response, and what DNS makes of its own responses ends there', () => {
    const handler = createBatchHandler(sourcesOf());
    // Ids that are the magics: what a forged sender's address would make two ports tell each other.
    const name = encodeName('1.e164.arpa')!;
    const query = encodeQuery({ id: 0x4271, name, type: RECORD_TYPE.NAPTR });
    const { bytes: dnsResponse } = sendToEnum(query);
    assert.ok(dnsResponse.length > 16);
    assert.equal(handler.handle(dnsResponse, response), 0);
    const lookup = out.slice(0, writeLookupRequest(out, 1, 'msisdn', [known], 1));
    const { bytes } = sendToEnum(response.slice(0, handler.handle(lookup, response)));
    assert.equal(handler.handle(bytes, response), 0);
  });

  test('counts each drop by its reason and answers nothing', () => {
    const handler = createBatchHandler(sourcesOf({ authenticator: authenticatorOf('optional') }));
    const lookup = out.slice(0, writeLookupRequest(out, 1, 'msisdn', [known], 1));
    const changed = (at: number, value: number) => lookup.with(at, value);
    const accepted = out.slice(0, seal(out, lookup.length, SEAL_KEY, NOW_MS * 1000));
    assert.ok(handler.handle(accepted.slice(), response) > 0);
    const messages: Record<DropReason, Uint8Array> = {
      'too-short': lookup.slice(0, 15),
      'too-long': new Uint8Array(BATCH_DATAGRAM_BYTES_MAX + 1),
      magic: changed(0, 0),
      identity: changed(8, 3),
      count: changed(9, 129),
      size: changed(9, 2),
      reserved: changed(10, 1),
      tag: accepted.with(4, 99),
      replay: accepted,
    };
    for (const reason of DROP_REASONS) {
      assert.equal(handler.handle(messages[reason], response), 0, reason);
      assert.equal(handler.counters().dropped[reason], 1, reason);
    }
  });

  test('answers a sealed request as the one behind the seal, where seals are judged', () => {
    const lookup = out.slice(0, writeLookupRequest(out, 7, 'msisdn', [known], 1));
    const sealed = out.slice(0, seal(out, lookup.length, SEAL_KEY, NOW_MS * 1000));
    assert.equal(sealed.length, lookup.length + SEAL_BYTES);
    for (const mode of ['optional', 'required'] as const) {
      const handler = createBatchHandler(sourcesOf({ authenticator: authenticatorOf(mode) }));
      const read = handled(handler, sealed.slice());
      assert.deepEqual([read.status, read.operation, read.requestId], [STATUS_OK, 1, 7]);
      assert.equal(read.answers[0], answerOf(3, 13, 9));
      const { status } = handled(handler, lookup);
      assert.equal(status, mode === 'required' ? STATUS_NOT_AUTHENTICATED : STATUS_OK);
    }
    const without = createBatchHandler(sourcesOf());
    assert.equal(handled(without, sealed.slice()).status, STATUS_UNSUPPORTED_OPERATION);
  });

  test('tells who has no key here, or a wrong clock, and no more', () => {
    const handler = createBatchHandler(sourcesOf({ authenticator: authenticatorOf('required') }));
    const sealedWith = (key: typeof SEAL_KEY, timeMs: number) => {
      const bytes = writeLookupRequest(out, 1, 'msisdn', [known], 1);
      return out.slice(0, seal(out, bytes, key, timeMs * 1000));
    };
    assert.equal(handled(handler, sealedWith(SEAL_KEY, NOW_MS - 1000)).status, STATUS_OK);
    assert.equal(handled(handler, sealedWith(SEAL_KEY, NOW_MS + 1000)).status, STATUS_OK);
    for (const wrong of [
      sealedWith(SEAL_KEY, NOW_MS - 1001),
      sealedWith(SEAL_KEY, NOW_MS + 1001),
      sealedWith({ ...SEAL_KEY, id: 8 }, NOW_MS),
    ]) {
      assert.equal(handled(handler, wrong).status, STATUS_NOT_AUTHENTICATED);
    }
    const forged = sealedWith({ id: 7, secret: new Uint8Array(32) }, NOW_MS);
    assert.equal(handler.handle(forged, response), 0);
    const tooShort = sealedWith(SEAL_KEY, NOW_MS).slice(0, 20);
    assert.equal(handler.handle(tooShort, response), 0);
    assert.equal(handler.counters().dropped.tag, 2);
  });

  test('answers no response, not even its own', () => {
    const handler = createBatchHandler(sourcesOf());
    const lookup = out.slice(0, writeLookupRequest(out, 1, 'msisdn', [known], 1));
    const bytes = handler.handle(lookup, response);
    assert.equal(handler.handle(response.slice(0, bytes), new Uint8Array(1232)), 0);
  });

  test('refuses readers and buffers below the limits of the protocol', () => {
    const reader = { ...readerOfAnswers(new Map()), batchMax: 127 };
    assert.throws(() => createBatchHandler(sourcesOf({ readerOf: () => reader })), RangeError);
    const { handle } = createBatchHandler(sourcesOf());
    assert.throws(() => handle(new Uint8Array(16), new Uint8Array(1231)), RangeError);
  });

  test('100,000 mutated packets: none throws, none is answered beyond the bound', () => {
    const random = createRandom(seedOfRun());
    const { below } = random;
    const handler = createBatchHandler(sourcesOf());
    const origins = [
      ...readExamples().values(),
      out.slice(0, writeLookupRequest(out, 1, 'msisdn', new Array(128).fill(known), 128)),
      out.slice(0, writeRouteRequest(out, 1, 9, 1232)),
    ];
    const sent = 100_000;
    let answered = 0;
    for (let at = 0; at < sent; at++) {
      const origin = origins[below(origins.length)]!;
      const bytes = below(10) < 3 ? below(1400) : origin.length;
      const message = new Uint8Array(bytes);
      message.set(origin.subarray(0, bytes));
      for (let changes = below(5); changes > 0 && bytes > 0; changes--) {
        // Mostly in the header, where the decisions fall.
        message[below(10) < 8 ? below(Math.min(bytes, 24)) : below(bytes)] = below(256);
      }
      const length = handler.handle(message, response);
      assert.ok(length <= responseBytesMax(bytes), `${length} bytes for ${bytes}`);
      if (length > 0) {
        answered++;
        assert.ok(readResponse(response.subarray(0, length), createBatchResponse()));
      }
    }
    const { dropped, lookupRequests, routeRequests, refusedRequests } = handler.counters();
    const drops = Object.values(dropped).reduce((sum, count) => sum + count);
    assert.equal(answered, lookupRequests + routeRequests + refusedRequests);
    assert.equal(answered + drops, sent);
    const unsealed = DROP_REASONS.filter((reason) => reason !== 'tag' && reason !== 'replay');
    for (const reason of unsealed) assert.ok(dropped[reason] > 0, reason);
  });
});
