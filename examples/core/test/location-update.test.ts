// The second check of a credential, at the data management element.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CREDENTIAL_WINDOW_MS, makeCredential } from '../../../ledger/credential-codec.ts';
import { privateKeyOf, rawPublicKey } from '../../../ledger/ed25519.ts';
import { parseDigits } from '../../../ledger/number.ts';
import { LocationUpdates } from '../location-update.ts';
import { SubscriberStore } from '../subscriber-store.ts';

const imsi = '999019500000001';
const visited = { mcc: '999', mnc: '02' };
const privateKey = privateKeyOf(new Uint8Array(32).fill(7));
const BEGIN_MS = 1_800_000_000_000;

function open(usedMax?: number) {
  const store = new SubscriberStore();
  const publicKey = Buffer.from(rawPublicKey(privateKey)).toString('hex');
  store.open({ imsi, msisdn: '999019500001', publicKey, barredNetworks: [] });
  let nowMs = BEGIN_MS;
  const network = { mcc: '999', mnc: '01' };
  const limits = usedMax === undefined ? {} : { usedMax };
  const updates = new LocationUpdates({ store, network, now: () => nowMs, ...limits });
  const perform = (credential?: string) => {
    const update = { kind: 'update-location', imsi, servingNetwork: visited } as const;
    const sent = { ...update, servingNode: 'amf:1', ...(credential && { credential }) };
    const result = updates.perform(sent);
    return result.ok ? 'ok' : `${result.cause} ${result.detail}`;
  };
  return {
    updates,
    perform,
    pass: (ms: number) => {
      nowMs += ms;
    },
    sign: (nonce: number, timeMs = nowMs) =>
      makeCredential(
        {
          ueId: { identity: 'imsi', key: parseDigits(imsi)! },
          servingNetwork: visited,
          timeMs,
          nonce: new Uint8Array(16).fill(nonce),
        },
        privateKey,
      ),
  };
}

test('a credential counts once, and another of the same terminal after it', () => {
  const { perform, sign } = open();
  const credential = sign(1);
  assert.equal(perform(credential), 'ok');
  assert.equal(perform(credential), 'credential-refused CREDENTIAL_REPLAYED');
  assert.equal(perform(sign(2)), 'ok');
});

test('a used credential is remembered until it counts no more', () => {
  const { perform, sign, pass } = open();
  const ahead = sign(1, BEGIN_MS + CREDENTIAL_WINDOW_MS);
  assert.equal(perform(ahead), 'ok');
  pass(2 * CREDENTIAL_WINDOW_MS);
  // What comes in its last millisecond makes it be forgotten no sooner.
  assert.equal(perform(sign(2)), 'ok');
  assert.equal(perform(ahead), 'credential-refused CREDENTIAL_REPLAYED');
  pass(1);
  assert.equal(perform(ahead), 'credential-refused CREDENTIAL_EXPIRED');
});

test('where no more can be remembered, new credentials are refused and old ones still are', () => {
  const { perform, sign, pass } = open(2);
  assert.equal(perform(sign(1)), 'ok');
  assert.equal(perform(sign(2)), 'ok');
  assert.equal(perform(sign(3)), 'failure CREDENTIAL_CONGESTION');
  assert.equal(perform(sign(1)), 'credential-refused CREDENTIAL_REPLAYED');
  pass(2 * CREDENTIAL_WINDOW_MS + 1);
  assert.equal(perform(sign(4)), 'ok');
});

test('without a credential it depends on whether one is required', () => {
  const { updates, perform } = open();
  assert.equal(perform(), 'ok');
  updates.isCredentialRequired = true;
  assert.equal(perform(), 'credential-refused CREDENTIAL_REQUIRED');
});
