// The parts that decide: the order of sources, the store of user data, frames.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { askInOrder, type Source, type Whereabouts } from '../ask-in-order.ts';
import { encodeFrame, FRAME_BYTES_MAX, FrameReader } from '../frame-codec.ts';
import { type Cause, type Result, refused } from '../operations.ts';
import { mayRoam, type Subscriber, SubscriberStore } from '../subscriber-store.ts';

const seed = Number(process.env.BCHF_TEST_SEED ?? Date.now() % 2 ** 31);
console.log(`seed ${seed}`);

const at = (name: string, isKept = false): Whereabouts => ({
  element: { name, address: name },
  isKept,
});
const source = (answers: (Whereabouts | Cause)[], isAuthoritative = false): Source => {
  let asked = 0;
  return {
    isAuthoritative,
    find: async () => {
      const answer = answers[asked++]!;
      return typeof answer === 'string' ? refused(answer) : answer;
    },
  };
};
/** Elements by name: what each says. */
const elements =
  (says: Record<string, 'ok' | Cause>) =>
  async ({ element }: Whereabouts): Promise<Result> => {
    const said = says[element.name]!;
    return said === 'ok' ? { ok: true, data: { msisdn: element.name } } : refused(said);
  };
const outcome = (result: Result) => (result.ok ? result.data.msisdn : result.cause);

describe('asking in order', () => {
  const table: [string, Source[], Record<string, 'ok' | Cause>, string][] = [
    ['the first that has the user', [source([at('a')]), source([at('b')])], { a: 'ok' }, 'a'],
    [
      'the next, where the first does not have the user',
      [source([at('a')]), source([at('b')])],
      { a: 'unknown-user', b: 'ok' },
      'b',
    ],
    [
      'the next, where the first is out of reach',
      [source([at('a')]), source([at('b')])],
      { a: 'unreachable', b: 'ok' },
      'b',
    ],
    [
      'nobody else, where an element decides',
      [source([at('a')]), source([at('b')])],
      { a: 'roaming-not-allowed', b: 'ok' },
      'roaming-not-allowed',
    ],
    [
      'nobody else, where the BCHF refuses the credential',
      [source(['credential-refused'], true), source([at('b')])],
      { b: 'ok' },
      'credential-refused',
    ],
    [
      'again, where a kept answer is out of date',
      [source([at('a', true), at('b')], true)],
      { a: 'unknown-user', b: 'ok' },
      'b',
    ],
    [
      'not again, where the answer is new',
      [source([at('a'), at('b')], true)],
      { a: 'unknown-user', b: 'ok' },
      'unknown-user',
    ],
    [
      'nobody, and a fault on the way leaves it open whether the user exists',
      [source([at('a')]), source(['unreachable'], true)],
      { a: 'unknown-user' },
      'unreachable',
    ],
    [
      'nobody, and a fault before does not count against who knows every number',
      [source([at('a')]), source(['unknown-user'], true)],
      { a: 'timed-out' },
      'unknown-user',
    ],
    [
      'nobody, and a fault after it does',
      [source(['unknown-user'], true), source([at('a')])],
      { a: 'unreachable' },
      'unreachable',
    ],
    [
      'nobody, and a table of segments is not the last word after a fault',
      [source(['timed-out'], true), source([at('a')])],
      { a: 'unknown-user' },
      'timed-out',
    ],
    ['nobody at all', [], {}, 'unknown-user'],
  ];
  for (const [name, sources, says, expected] of table) {
    test(`asks ${name}`, async () => {
      assert.equal(outcome(await askInOrder(sources, elements(says))), expected);
    });
  }
});

describe('the store of user data', () => {
  const subscriber = (place: number): Subscriber => ({
    imsi: `9990195000000${place}`,
    msisdn: `999019500${place}`,
    publicKey: '',
    barredNetworks: [{ mcc: '999', mnc: '01' }],
  });
  const store = new SubscriberStore();
  for (let place = 10; place < 20; place++) store.open(subscriber(place), 1000, place - 10);
  store.open(subscriber(30));

  test('finds a record by its index, and by its number where there is no index', () => {
    const { imsi, msisdn } = subscriber(13);
    assert.equal(store.find('imsi', imsi, 1003)?.foundBy, 'index');
    assert.equal(store.find('msisdn', msisdn, 1003)?.foundBy, 'index');
    assert.equal(store.find('imsi', imsi, undefined)?.foundBy, 'number');
    assert.equal(store.find('imsi', subscriber(30).imsi, undefined)?.foundBy, 'number');
  });

  test("takes an index for a hint: another's record, or none, is not the user's", () => {
    const { imsi } = subscriber(13);
    for (const index of [1004, 1999, 0, 999, 5000, Number.MAX_SAFE_INTEGER]) {
      const found = store.find('imsi', imsi, index);
      assert.equal(found?.subscriber.imsi, imsi);
      assert.equal(found.foundBy, 'number');
    }
    assert.equal(store.find('imsi', '999', 1003), undefined);
  });

  test('has no user data left after it was deleted, by index or by number', () => {
    const { imsi, msisdn } = subscriber(15);
    assert.equal(store.delete(imsi), true);
    assert.equal(store.delete(imsi), false);
    assert.equal(store.find('imsi', imsi, 1005), undefined);
    assert.equal(store.find('msisdn', msisdn, undefined), undefined);
  });

  test('gives no place beyond its limit', () => {
    assert.throws(() => store.open(subscriber(40), 0, 1_000_000), RangeError);
    assert.throws(() => store.open(subscriber(40), 0, -1), RangeError);
  });

  test('knows a barred network by two digits and by three', () => {
    assert.equal(mayRoam(subscriber(10), { mcc: '999', mnc: '001' }), false);
    assert.equal(mayRoam(subscriber(10), { mcc: '999', mnc: '02' }), true);
  });
});

describe('frames', () => {
  test('come out as they went in, however they are cut', () => {
    const property = fc.property(
      fc.array(fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue()), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
      (values, cuts) => {
        const bytes = Buffer.concat(values.map(encodeFrame));
        const reader = new FrameReader();
        const read: unknown[] = [];
        for (let start = 0, cut = 0; start < bytes.length; cut++) {
          const end = start + cuts[cut % cuts.length]!;
          read.push(...reader.read(bytes.subarray(start, end))!);
          start = end;
        }
        assert.deepEqual(read, JSON.parse(JSON.stringify(values)));
      },
    );
    fc.assert(property, { seed });
  });

  test('are refused where they are too long, or no object', () => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(FRAME_BYTES_MAX + 1);
    assert.equal(new FrameReader().read(head), undefined);
    for (const text of ['7', '[]', 'null', '{', '']) {
      const frame = Buffer.alloc(4 + text.length);
      frame.writeUInt32BE(text.length);
      frame.write(text, 4);
      assert.equal(new FrameReader().read(frame), undefined, text);
    }
  });
});
