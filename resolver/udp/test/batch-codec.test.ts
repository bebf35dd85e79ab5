import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { NumberKey } from '../../../ledger/number.ts';
import { KEY_MIN, parseDigits } from '../../../ledger/number.ts';
import type { DropReason } from '../batch-codec.ts';
import {
  BATCH_DATAGRAM_BYTES_MAX,
  createBatchRequest,
  createBatchResponse,
  DROP_REASONS,
  LAG_UNKNOWN,
  NUMBERS_MAX,
  OPERATION_LOOKUP,
  OPERATION_ROUTE,
  ROUTE_JSON_BYTES_MAX,
  readRequest,
  readResponse,
  responseBytesMax,
  routeRequestBytes,
  STATUS_REQUEST_TOO_SMALL,
  STATUS_ROUTE_TOO_LARGE,
  STATUS_UNSUPPORTED_VERSION,
  writeExplainRequest,
  writeLookupRequest,
  writeLookupResponse,
  writeRouteRequest,
  writeRouteResponse,
  writeStatusResponse,
} from '../batch-codec.ts';
import { answerOf, readExamples, seedOfRun } from './batch-fixtures.ts';

const seed = seedOfRun();
const examples = readExamples();
const freshness = { height: 1_000_000, lagMs: 250, routeTableVersion: 7 };

function exampleOf(name: string): Uint8Array {
  const example = examples.get(name);
  assert.ok(example, `the specification has no example ${name}`);
  return example;
}

/** Writes into a buffer full of ones, so that a byte left unwritten shows. */
function written(write: (out: Uint8Array) => number): Uint8Array {
  const out = new Uint8Array(BATCH_DATAGRAM_BYTES_MAX).fill(0xff);
  return out.slice(0, write(out));
}

function keyOf(digits: string): NumberKey {
  const key = parseDigits(digits);
  assert.ok(key);
  return key;
}

function requestOf(message: Uint8Array) {
  const request = createBatchRequest();
  assert.equal(readRequest(message, request), 'accepted');
  return request;
}

function responseOf(message: Uint8Array) {
  const response = createBatchResponse();
  assert.ok(readResponse(message, response));
  return response;
}

describe('the examples of the specification', () => {
  test('a lookup request is read, its malformed number marked', () => {
    const request = requestOf(exampleOf('lookup-request'));
    assert.equal(request.operation, OPERATION_LOOKUP);
    assert.equal(request.requestId, 0x01020304);
    assert.equal(request.identity, 'msisdn');
    assert.equal(request.count, 3);
    assert.deepEqual([...request.keys.subarray(0, 3)], [18613912345678, 10461, KEY_MIN]);
    assert.deepEqual([...request.numberStatus.subarray(0, 3)], [0, 0, 1]);
    assert.equal(request.malformedCount, 1);
  });

  test('a lookup request is written up to its malformed number', () => {
    const keys = [keyOf('8613912345678'), keyOf('0461')];
    const message = written((out) => writeLookupRequest(out, 0x01020304, 'msisdn', keys, 2));
    const expected = exampleOf('lookup-request').slice(0, 32);
    expected[9] = 2;
    assert.deepEqual(message, expected);
  });

  test('a lookup response is written and read', () => {
    const request = requestOf(exampleOf('lookup-request'));
    const answers = Uint32Array.of(answerOf(3, 13, 70_000), 0, answerOf(1, 1, 5));
    const message = written((out) => writeLookupResponse(out, request, answers, freshness));
    assert.deepEqual(message, exampleOf('lookup-response'));
    const response = responseOf(message);
    assert.equal(response.height, 1_000_000);
    assert.equal(response.lagMs, 250);
    assert.equal(response.routeTableVersion, 7);
    assert.deepEqual([...response.answers.subarray(0, 3)], [answerOf(3, 13, 70_000), 0, 0]);
    assert.deepEqual([...response.numberStatus.subarray(0, 3)], [0, 0, 1]);
  });

  test('route details are asked for and answered', () => {
    const asked = written((out) => writeRouteRequest(out, 0x01020305, 70_000, 32));
    assert.deepEqual(asked, exampleOf('route-request'));
    const request = requestOf(asked);
    assert.equal(request.operation, OPERATION_ROUTE);
    assert.equal(request.routeNumber, 70_000);
    const json = new TextEncoder().encode('{"id":"udm-1","port":80}');
    const message = written((out) =>
      writeRouteResponse(out, request, json, { ...freshness, lagMs: undefined }),
    );
    assert.deepEqual(message, exampleOf('route-response'));
    assert.equal(responseOf(message).size, 24);
    assert.equal(responseOf(message).lagMs, LAG_UNKNOWN);
  });

  test('a route request without padding is told the length it needs', () => {
    const asked = written((out) => writeRouteRequest(out, 0x01020306, 70_000, 16));
    assert.deepEqual(asked, exampleOf('route-request-short'));
    const message = written((out) =>
      writeRouteResponse(out, requestOf(asked), new Uint8Array(24), {
        ...freshness,
        lagMs: undefined,
      }),
    );
    assert.deepEqual(message, exampleOf('route-response-too-small'));
    assert.equal(responseOf(message).status, STATUS_REQUEST_TOO_SMALL);
    assert.equal(responseOf(message).size, 32);
  });

  test('a newer version is refused in this one', () => {
    const request = createBatchRequest();
    assert.equal(readRequest(exampleOf('newer-request'), request), 'unsupported-version');
    const message = written((out) =>
      writeStatusResponse(out, request, STATUS_UNSUPPORTED_VERSION, freshness),
    );
    assert.deepEqual(message, exampleOf('newer-response'));
    assert.equal(responseOf(message).status, STATUS_UNSUPPORTED_VERSION);
  });
});

describe('what is dropped', () => {
  const lookup = () => exampleOf('lookup-request').slice();
  const route = () => exampleOf('route-request').slice();
  const explain = () => written((out) => writeExplainRequest(out, 1, 'msisdn', keyOf('0461'), 40));
  const withByte = (message: Uint8Array, at: number, value: number) => {
    message[at] = value;
    return message;
  };
  const cases: [DropReason, string, Uint8Array][] = [
    ['too-short', 'nothing', new Uint8Array(0)],
    ['too-short', 'a header less one byte', lookup().slice(0, 15)],
    ['too-long', 'one byte above the limit', new Uint8Array(BATCH_DATAGRAM_BYTES_MAX + 1)],
    ['magic', 'another first byte', withByte(lookup(), 0, 0x43)],
    ['magic', 'a response', exampleOf('lookup-response')],
    ['magic', 'a DNS response whose id is the magic', withByte(lookup(), 2, 0x80)],
    ['identity', 'a lookup of no kind', withByte(lookup(), 8, 0)],
    ['identity', 'a lookup of an unknown kind', withByte(lookup(), 8, 3)],
    ['identity', 'a route request with a kind', withByte(route(), 8, 1)],
    ['count', 'no numbers', withByte(lookup(), 9, 0)],
    ['count', 'one number too many', withByte(lookup(), 9, NUMBERS_MAX + 1)],
    ['count', 'a route request with a count', withByte(route(), 9, 1)],
    ['identity', 'an explanation of no kind', withByte(explain(), 8, 0)],
    ['count', 'an explanation of two numbers', withByte(explain(), 9, 2)],
    ['size', 'an explanation without its number', explain().slice(0, 23)],
    ['reserved', 'padding of an explanation', withByte(explain(), 31, 1)],
    ['size', 'one byte missing', lookup().slice(0, -1)],
    ['size', 'one byte too many', Uint8Array.of(...lookup(), 0)],
    ['size', 'a count below the numbers sent', withByte(lookup(), 9, 2)],
    ['reserved', 'a reserved byte of a lookup', withByte(lookup(), 11, 1)],
    ['reserved', 'a route number in a lookup', withByte(lookup(), 15, 1)],
    ['reserved', 'a reserved byte of a route request', withByte(route(), 10, 1)],
    ['reserved', 'padding', withByte(route(), 31, 1)],
  ];
  for (const [reason, what, message] of cases) {
    test(`${reason}: ${what}`, () => {
      assert.equal(readRequest(message, createBatchRequest()), reason);
    });
  }

  test('every reason has a case, but those of seals, which the handler judges', () => {
    const unsealed = DROP_REASONS.filter((reason) => reason !== 'tag' && reason !== 'replay');
    assert.deepEqual([...new Set(cases.map(([reason]) => reason))], unsealed);
  });

  test('the highest version is refused, not dropped', () => {
    const message = withByte(lookup(), 2, 127);
    assert.equal(readRequest(message, createBatchRequest()), 'unsupported-version');
  });

  test('an operation that is not known is refused, not dropped', () => {
    const request = createBatchRequest();
    assert.equal(readRequest(withByte(lookup(), 3, 4), request), 'unsupported-operation');
    assert.equal(request.operation, 4);
  });
});

describe('numbers', () => {
  function statusOf(digits: number, value: bigint): [number, number] {
    const message = exampleOf('lookup-request').slice(0, 24);
    message[9] = 1;
    new DataView(message.buffer).setBigUint64(16, (BigInt(digits) << 60n) | value, true);
    const request = requestOf(message);
    return [request.numberStatus[0]!, request.keys[0]!];
  }

  test('a number of no digits is malformed, whatever its value', () => {
    assert.equal(statusOf(0, 0n)[0], 1);
    assert.equal(statusOf(0, 1n)[0], 1);
  });

  test('at each length the largest value is read exactly and the next is malformed', () => {
    for (let digits = 1; digits <= 15; digits++) {
      const power = 10n ** BigInt(digits);
      assert.deepEqual(statusOf(digits, 0n), [0, Number(power)]);
      assert.deepEqual(statusOf(digits, power - 1n), [0, Number(2n * power - 1n)]);
      assert.equal(statusOf(digits, power)[0], 1);
    }
  });

  test('a value of all 60 bits is malformed at every length', () => {
    for (let digits = 0; digits <= 15; digits++) {
      assert.equal(statusOf(digits, 2n ** 60n - 1n)[0], 1);
    }
  });

  test('every list of numbers survives the way to the server', () => {
    const digits = fc.string({
      unit: fc.constantFrom(...'0123456789'),
      minLength: 1,
      maxLength: 15,
    });
    fc.assert(
      fc.property(
        fc.array(digits, { minLength: 1, maxLength: NUMBERS_MAX }),
        fc.constantFrom('imsi' as const, 'msisdn' as const),
        fc.nat({ max: 0xffff_ffff }),
        (numbers, identity, requestId) => {
          const keys = numbers.map(keyOf);
          const request = requestOf(
            written((out) => writeLookupRequest(out, requestId, identity, keys, keys.length)),
          );
          assert.deepEqual([...request.keys.subarray(0, request.count)], keys);
          assert.equal(request.malformedCount, 0);
          assert.equal(request.identity, identity);
          assert.equal(request.requestId, requestId);
        },
      ),
      { seed },
    );
  });
});

describe('responses', () => {
  test('every list of answers and every freshness survive the way to the client', () => {
    const answer = fc
      .tuple(fc.constantFrom(1, 2, 3), fc.integer({ min: 1, max: 15 }), fc.nat({ max: 0xf_ffff }))
      .map(([kind, length, route]) => answerOf(kind as 1 | 2 | 3, length, route));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant(0), answer), { minLength: 1, maxLength: NUMBERS_MAX }),
        fc.maxSafeNat(),
        fc.option(fc.nat({ max: LAG_UNKNOWN - 1 }), { nil: undefined }),
        fc.nat({ max: 0xffff_ffff }),
        (answers, height, lagMs, routeTableVersion) => {
          const keys = answers.map((_, index) => 10 + (index % 10));
          const asked = written((out) => writeLookupRequest(out, 9, 'imsi', keys, keys.length));
          const message = written((out) =>
            writeLookupResponse(out, requestOf(asked), Uint32Array.from(answers), {
              height,
              lagMs,
              routeTableVersion,
            }),
          );
          const response = responseOf(message);
          assert.deepEqual([...response.answers.subarray(0, response.count)], answers);
          assert.equal(response.height, height);
          assert.equal(response.lagMs, lagMs ?? LAG_UNKNOWN);
          assert.equal(response.routeTableVersion, routeTableVersion);
          assert.ok(message.length <= responseBytesMax(asked.length));
        },
      ),
      { seed },
    );
  });

  test('a lag beyond the field is capped below "unknown", a negative one is none', () => {
    const request = requestOf(exampleOf('route-request'));
    const lagOf = (lagMs: number) =>
      responseOf(written((out) => writeStatusResponse(out, request, 4, { ...freshness, lagMs })))
        .lagMs;
    assert.equal(lagOf(LAG_UNKNOWN), LAG_UNKNOWN - 1);
    assert.equal(lagOf(Number.POSITIVE_INFINITY), LAG_UNKNOWN - 1);
    assert.equal(lagOf(-5), 0);
    assert.equal(lagOf(1.9), 1);
  });

  test('details are answered from exactly the length that the formula asks for', () => {
    for (let jsonBytes = 0; jsonBytes <= ROUTE_JSON_BYTES_MAX; jsonBytes++) {
      const bytes = routeRequestBytes(jsonBytes);
      const json = new Uint8Array(jsonBytes).fill(0x20);
      const sizeFor = (requestBytes: number) => {
        const request = {
          ...createBatchRequest(),
          operation: OPERATION_ROUTE,
          bytes: requestBytes,
        };
        const message = written((out) => writeRouteResponse(out, request, json, freshness));
        assert.ok(message.length <= responseBytesMax(requestBytes));
        return responseOf(message).status;
      };
      assert.ok(bytes <= BATCH_DATAGRAM_BYTES_MAX);
      assert.equal(sizeFor(bytes), 0);
      if (bytes > 16) assert.equal(sizeFor(bytes - 1), STATUS_REQUEST_TOO_SMALL);
    }
  });

  test('details that no datagram carries have a status of their own', () => {
    const request = { ...createBatchRequest(), operation: OPERATION_ROUTE, bytes: 1232 };
    const json = new Uint8Array(ROUTE_JSON_BYTES_MAX + 1);
    const message = written((out) => writeRouteResponse(out, request, json, freshness));
    assert.equal(responseOf(message).status, STATUS_ROUTE_TOO_LARGE);
  });

  test('a client reads no truncated, lengthened or contradictory response', () => {
    const isRead = (message: Uint8Array) => readResponse(message, createBatchResponse());
    for (const name of ['lookup-response', 'route-response', 'newer-response']) {
      const message = exampleOf(name);
      assert.ok(isRead(message));
      for (let bytes = 0; bytes < message.length; bytes++) {
        assert.ok(!isRead(message.slice(0, bytes)), `${name} of ${bytes} bytes`);
      }
      assert.ok(!isRead(Uint8Array.of(...message, 0)));
    }
    const changes: [string, number, number][] = [
      ['another magic', 1, 0x71],
      ['another version', 2, 2],
      ['another operation', 3, 4],
      ['an unknown status', 8, 8],
      ['another count', 9, 2],
      ['a height beyond 2^53', 22, 0xff],
      ['an unknown number status', 32, 2],
      ['an unknown match kind', 33, 4],
      ['an impossible length', 34, 16],
      ['an impossible route number', 38, 0x10],
    ];
    for (const [what, at, value] of changes) {
      const message = exampleOf('lookup-response').slice();
      message[at] = value;
      assert.ok(!isRead(message), what);
    }
  });

  test('of another version only the refusal is read', () => {
    const message = Uint8Array.of(...exampleOf('newer-response'), 1, 2, 3);
    message[2] = 9;
    const response = createBatchResponse();
    assert.ok(readResponse(message, response));
    assert.equal(response.status, STATUS_UNSUPPORTED_VERSION);
    assert.equal(response.requestId, 0x01020307);
    assert.ok(readResponse(message.slice(0, 9), response));
    assert.ok(!readResponse(message.slice(0, 8), response));
    assert.ok(!readResponse(message.with(8, 2), response));
  });

  test('reserved bytes of a response are ignored', () => {
    const message = exampleOf('lookup-response').slice();
    message[10] = message[11] = message[35] = 0xff;
    assert.ok(readResponse(message, createBatchResponse()));
  });
});

describe('mistakes of the caller', () => {
  test('counts, lengths and buffers outside the limits are range errors', () => {
    const out = new Uint8Array(BATCH_DATAGRAM_BYTES_MAX);
    const keys = new Array<number>(NUMBERS_MAX + 1).fill(KEY_MIN);
    assert.throws(() => writeLookupRequest(out, 1, 'imsi', keys, 0), RangeError);
    assert.throws(() => writeLookupRequest(out, 1, 'imsi', keys, NUMBERS_MAX + 1), RangeError);
    assert.throws(() => writeLookupRequest(out.subarray(0, 23), 1, 'imsi', keys, 1), RangeError);
    assert.throws(() => writeRouteRequest(out, 1, 0, 15), RangeError);
    assert.throws(() => writeRouteRequest(out, 1, 0, BATCH_DATAGRAM_BYTES_MAX + 1), RangeError);
  });
});
