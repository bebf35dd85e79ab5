import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isSignedBy, rawPublicKey } from '../ed25519.ts';
import { MEMBER_NAME_BYTES_MAX, MEMBER_PLMNS_MAX } from '../record-codec.ts';
import { ITEMS_MAX, signersOf, type TransactionBody } from '../transaction-body.ts';
import { checkBody } from '../transaction-check.ts';
import {
  assembleTransaction,
  decodeTransaction,
  signBytes,
  signTransaction,
  TRANSACTION_BYTES_MAX,
  transactionId,
} from '../transaction-codec.ts';
import { bodyArbitrary } from './body-arbitrary.ts';
import { chainId, foundation, key, keyOf, keysFor, member, Signer } from './consortium.ts';
import { seed } from './seed.ts';

const sequenceArbitrary = fc.maxSafeNat();

function signed(body: TransactionBody, sequence: number, validUntilMs = 0): Uint8Array {
  return signTransaction(body, sequence, chainId, keysFor(body), validUntilMs);
}

/** Comparable by value: byte arrays of any kind become hex, records of SSZ lose their prototype. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, part) =>
      ArrayBuffer.isView(part) ? Buffer.from(part as Uint8Array).toString('hex') : part,
    ),
  );
}

describe('a signed transaction', () => {
  it('comes back from its bytes as it was, whatever it says', () => {
    fc.assert(
      fc.property(bodyArbitrary, sequenceArbitrary, fc.maxSafeNat(), (body, sequence, until) => {
        const bytes = signed(body, sequence, until);
        const { transaction } = decodeTransaction(bytes);
        assert.ok(transaction);
        assert.deepEqual(plain(transaction.body), plain(body));
        assert.equal(transaction.sequence, sequence);
        assert.equal(transaction.validUntilMs, until);
        for (const [index, signer] of signersOf(body).entries()) {
          assert.ok(
            isSignedBy(
              rawPublicKey(keyOf(signer)),
              signBytes(bytes, transaction, chainId),
              transaction.signatures[index]!,
            ),
          );
        }
      }),
      { seed, numRuns: 150 },
    );
  });

  it('has one byte form: any changed byte is refused, or is another transaction', () => {
    fc.assert(
      fc.property(
        bodyArbitrary,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (body, place, flip) => {
          const bytes = signed(body, 7);
          const changed = Uint8Array.from(bytes);
          changed[place % bytes.length]! ^= flip;
          const { transaction } = decodeTransaction(changed);
          if (!transaction) return;
          const end = changed.length - 64 * transaction.signatures.length;
          const { sequence, validUntilMs } = transaction;
          const again = signed(transaction.body, sequence, validUntilMs);
          assert.deepEqual(again.subarray(0, end), Buffer.from(changed.subarray(0, end)));
        },
      ),
      { seed, numRuns: 300 },
    );
  });

  it('is refused when truncated, extended, empty, or of an unknown kind', () => {
    const signer = new Signer();
    for (const body of foundation) {
      const bytes = signer.sign(body);
      const step = Math.max(1, Math.floor(bytes.length / 97));
      for (let length = 0; length < bytes.length; length += step) {
        const cut = decodeTransaction(bytes.subarray(0, length));
        // A cut may fall so that signatures are read elsewhere; then they do not verify.
        if (cut.transaction) continue;
        assert.equal(cut.code, 'BCHF_TX_MALFORMED');
      }
      const unknown = Uint8Array.from(bytes);
      for (const kind of [0, 200, 255]) {
        unknown[0] = kind;
        assert.equal(decodeTransaction(unknown).code, 'BCHF_TX_MALFORMED');
      }
    }
    assert.equal(decodeTransaction(new Uint8Array(0)).code, 'BCHF_TX_MALFORMED');
  });

  it('is refused with a sequence, or an end, that is no safe integer', () => {
    for (const sequence of [2n ** 53n, 2n ** 60n, 2n ** 64n - 1n]) {
      for (const body of foundation) {
        const bytes = Buffer.from(signed(body, 1));
        bytes.writeBigUInt64LE(sequence, 1);
        assert.equal(decodeTransaction(bytes).code, 'BCHF_TX_MALFORMED');
        const endless = Buffer.from(signed(body, 1));
        endless.writeBigUInt64LE(sequence, 9);
        assert.equal(decodeTransaction(endless).code, 'BCHF_TX_MALFORMED');
      }
    }
    assert.ok(decodeTransaction(signed(foundation[0]!, Number.MAX_SAFE_INTEGER)).transaction);
  });

  it('is refused with an identity or a network function type that does not exist', () => {
    const bytes = new Signer().sign({
      kind: 'inject-pool',
      member: 'a',
      identity: 'imsi',
      ranges: [{ from: key('460001'), to: key('460002') }],
    });
    // kind u8, sequence u64, validUntilMs u64, offset of the member u32, then the identity.
    const identityAt = 1 + 8 + 8 + 4;
    assert.equal(bytes[identityAt], 0);
    for (const identity of [2, 255]) {
      const changed = Uint8Array.from(bytes);
      changed[identityAt] = identity;
      assert.equal(decodeTransaction(changed).code, 'BCHF_TX_MALFORMED');
    }
  });

  it('is refused as garbage without an exception', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.uint8Array({ maxLength: 400 }),
        (kind, rest) => {
          const { transaction, code } = decodeTransaction(Uint8Array.of(kind, ...rest));
          assert.ok(transaction || code === 'BCHF_TX_MALFORMED');
        },
      ),
      { seed, numRuns: 500 },
    );
  });

  it('is refused beyond its limits', () => {
    const large = new Uint8Array(TRANSACTION_BYTES_MAX + 1);
    assert.equal(decodeTransaction(large).code, 'BCHF_TX_TOO_LARGE');
    const port = (count: number): TransactionBody => ({
      kind: 'port',
      identity: 'msisdn',
      numbers: Array.from({ length: count }, (_, index) => key('86100000000') + index),
      donor: 'a',
      recipient: 'b',
      route: 'b1',
    });
    assert.ok(decodeTransaction(signed(port(ITEMS_MAX), 1)).transaction);
    assert.throws(() => signed(port(ITEMS_MAX + 1), 1), RangeError);
    const pool = (count: number): TransactionBody => ({
      kind: 'inject-pool',
      member: 'a',
      identity: 'msisdn',
      ranges: Array.from({ length: count }, (_, index) => ({ from: index, to: index })),
    });
    assert.ok(decodeTransaction(signed(pool(ITEMS_MAX), 1)).transaction);
    assert.throws(() => signed(pool(ITEMS_MAX + 1), 1), RangeError);
    const single = (at: number) => ({ from: key('86100000') + at, to: key('86100000') + at });
    const usage = { number: key('8610000'), service: 'messages', units: 1 } as const;
    const terminal = { number: key('8610000'), publicKey: new Uint8Array(32) };
    const many: ((items: number[]) => TransactionBody)[] = [
      (items) => ({
        kind: 'transfer',
        identity: 'imsi',
        ranges: items.map(single),
        transferor: 'a',
        recipient: 'b',
        route: 'b1',
      }),
      (items) => ({ kind: 'release', member: 'a', identity: 'imsi', ranges: items.map(single) }),
      (items) => ({
        kind: 'report-roaming-usage',
        member: 'a',
        contract: `0x${'0'.repeat(40)}`,
        identity: 'imsi',
        usage: items.map(() => usage),
      }),
      (items) => ({
        kind: 'register-terminal-keys',
        member: 'a',
        identity: 'imsi',
        keys: items.map(() => terminal),
      }),
      (items) => ({ kind: 'revoke-terminal-keys', member: 'a', identity: 'imsi', numbers: items }),
      (items) => ({ kind: 'leave-member', member: 'a', approvers: items.map(() => 'a') }),
    ];
    const bytesOf = (body: TransactionBody): Uint8Array =>
      assembleTransaction(
        body,
        1,
        keysFor(body).map(() => new Uint8Array(64)),
      );
    for (const make of many) {
      const items = Array.from({ length: ITEMS_MAX }, (_, at) => at);
      assert.ok(decodeTransaction(bytesOf(make(items))).transaction);
      assert.throws(() => bytesOf(make([...items, 0])), RangeError);
    }
    const admit = (name: string, plmns: number): TransactionBody => ({
      kind: 'admit-members',
      members: [{ ...member('a'), name, plmns: Array(plmns).fill({ mcc: '460', mnc: '00' }) }],
    });
    const [nameMax, plmnsMax] = ['x'.repeat(MEMBER_NAME_BYTES_MAX), MEMBER_PLMNS_MAX];
    assert.equal(checkBody(admit(nameMax, plmnsMax)), undefined);
    assert.ok(decodeTransaction(signed(admit(nameMax, plmnsMax), 1)).transaction);
    for (const body of [admit(`${nameMax}x`, plmnsMax), admit(nameMax, plmnsMax + 1)]) {
      assert.equal(checkBody(body), 'BCHF_TX_MALFORMED');
      assert.throws(() => signed(body, 1), RangeError);
    }
  });

  it('counts on one chain only and is named by the hash of its bytes', () => {
    const bytes = new Signer().sign(foundation[0]!);
    const { transaction } = decodeTransaction(bytes);
    const [here, there] = [chainId, 'other'].map((id) => signBytes(bytes, transaction!, id));
    assert.notDeepEqual(here, there);
    assert.equal(transactionId(bytes).length, 32);
  });

  it('cannot be signed with too few keys, a wrong sequence or a wrong chain id', () => {
    const body = foundation[0]!;
    const keys = keysFor(body);
    assert.throws(() => signTransaction(body, 1, chainId, []), RangeError);
    assert.throws(() => signTransaction(body, -1, chainId, keys), RangeError);
    assert.throws(() => signTransaction(body, 2 ** 53, chainId, keys), RangeError);
    assert.throws(() => signTransaction(body, 1, chainId, keys, -1), RangeError);
    assert.throws(() => signTransaction(body, 1, chainId, keys, 0.5), RangeError);
    assert.throws(() => signTransaction(body, 1, '', keys), RangeError);
    assert.throws(() => signTransaction(body, 1, 'x'.repeat(51), keys), RangeError);
  });

  it('passes the checks that need no state when it is in order', () => {
    for (const body of foundation) assert.equal(checkBody(body), undefined);
  });
});
