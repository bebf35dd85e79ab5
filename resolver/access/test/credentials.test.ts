// Terminals' credentials at a running resolver: each way in which one is bad, over both interfaces.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openH2, send } from '../../sbi/test/h2-requests.ts';
import {
  ask,
  HOME,
  IMSI_A,
  IMSI_B,
  Keys,
  MSISDN_A,
  terminal,
  UNKNOWN_IMSI,
  VISITED_HEADER,
  withAccess,
} from './access-fixture.ts';

const directory = mkdtempSync(join(tmpdir(), 'bchf-credentials-'));
after(() => rmSync(directory, { recursive: true }));

/** A rule for each policy, by the NF type that a requester says it is. */
const NF_TYPE = { required: 'AMF', optional: 'SMSF', ignored: 'LMF' } as const;
const accessRules = join(directory, 'rules.yaml');
writeFileSync(
  accessRules,
  `requesters:\n${Object.entries(NF_TYPE)
    .map(
      ([policy, type]) =>
        `  - {name: ${policy}, from: {nfTypes: [${type}]}, credential: ${policy}}`,
    )
    .join('\n')}\n`,
);

const headersOf = (credential?: string, policy: keyof typeof NF_TYPE = 'required') => ({
  'user-agent': NF_TYPE[policy],
  ...VISITED_HEADER,
  ...(credential !== undefined && { 'bchf-credential': credential }),
});

describe('credentials at the resolver', () => {
  it('are judged one by one, used once, and follow the key on the ledger', async () => {
    const keys = new Keys();
    const flags = { accessRules, workers: 2, sbiWorkers: 1 };
    await withAccess(flags, keys.keyOf, async ({ ports }, http) => {
      await eachFaultIsTold(keys, http);
      await keysAreFollowed(keys, http);
      await policiesAreKept(keys, http);
      const sbi = openH2(`http://127.0.0.1:${ports.sbi}`);
      await oneUseOverAllThreads(keys, http, sbi).finally(() => sbi.destroy());
      await floodsAreRefused(keys, http);
    });
  });

  it('count once at each resolver: what one has seen, another has not', async () => {
    const keys = new Keys();
    const phone = terminal(IMSI_A);
    keys.register(IMSI_A, phone);
    await withAccess({ accessRules }, keys.keyOf, (_, one) =>
      withAccess({ accessRules }, keys.keyOf, async (__, other) => {
        const headers = headersOf(phone.credential());
        const cause = async (http: string) => (await ask(http, IMSI_A, headers)).cause;
        assert.deepEqual([await cause(one), await cause(other)], [undefined, undefined]);
        const again = [await cause(one), await cause(other)];
        assert.deepEqual(again, ['CREDENTIAL_REPLAYED', 'CREDENTIAL_REPLAYED']);
      }),
    );
  });

  it('cannot be checked where no ledger is followed, and that is said', async () => {
    await withAccess({ accessRules }, undefined, async (_, http) => {
      const credential = terminal(IMSI_A).credential();
      const refused = await ask(http, IMSI_A, headersOf(credential, 'optional'));
      assert.deepEqual([refused.status, refused.cause], [503, 'CREDENTIAL_KEYS_UNAVAILABLE']);
      assert.equal((await ask(http, IMSI_A, headersOf(undefined, 'optional'))).status, 200);
    });
  });
});

async function eachFaultIsTold(keys: Keys, http: string): Promise<void> {
  const phone = terminal(IMSI_A);
  keys.register(IMSI_A, phone);
  const told = async (credential?: string, ueId = IMSI_A) => {
    const { status, cause } = await ask(http, ueId, headersOf(credential));
    return `${status} ${cause ?? ''}`.trim();
  };
  assert.equal(await told(), '403 CREDENTIAL_REQUIRED');
  const good = phone.credential();
  assert.equal(await told(good), '200');
  assert.equal(await told(good), '403 CREDENTIAL_REPLAYED');
  assert.equal(await told(`${good}A`), '400 CREDENTIAL_MALFORMED');
  assert.equal(await told(good.toLowerCase()), '400 CREDENTIAL_MALFORMED');
  assert.equal(await told(phone.credential(), IMSI_B), '403 CREDENTIAL_NUMBER_MISMATCH');
  assert.equal(await told(phone.credential(), MSISDN_A), '403 CREDENTIAL_NUMBER_MISMATCH');
  const abroad = phone.credential({ servingNetwork: HOME });
  assert.equal(await told(abroad), '403 CREDENTIAL_NETWORK_MISMATCH');
  const { 'user-agent': type, 'bchf-credential': own } = headersOf(phone.credential());
  const unnamed = await ask(http, IMSI_A, { 'user-agent': type, 'bchf-credential': own! });
  assert.equal(unnamed.cause, 'CREDENTIAL_NETWORK_MISMATCH', 'a requester of no network');
  const atTime = (offsetMs: number) => phone.credential({ timeMs: Date.now() + offsetMs });
  assert.equal(await told(atTime(-31_000)), '403 CREDENTIAL_EXPIRED');
  assert.equal(await told(atTime(90_000)), '403 CREDENTIAL_NOT_YET_VALID');
  assert.equal(await told(terminal(IMSI_A, 8).credential()), '403 CREDENTIAL_SIGNATURE_INVALID');
  const stranger = terminal(IMSI_B, 9).credential();
  assert.equal(await told(stranger, IMSI_B), '403 CREDENTIAL_KEY_UNKNOWN');
}

async function keysAreFollowed(keys: Keys, http: string): Promise<void> {
  const [old, next] = [terminal(IMSI_A, 1), terminal(IMSI_A, 2)];
  const cause = async (credential: string) =>
    (await ask(http, IMSI_A, headersOf(credential))).cause;
  keys.register(IMSI_A, old);
  assert.equal(await cause(old.credential()), undefined);
  keys.register(IMSI_A, next);
  assert.equal(await cause(old.credential()), 'CREDENTIAL_SIGNATURE_INVALID');
  assert.equal(await cause(next.credential()), undefined);
  keys.revoke(IMSI_A);
  assert.equal(await cause(next.credential()), 'CREDENTIAL_KEY_UNKNOWN');
}

async function policiesAreKept(keys: Keys, http: string): Promise<void> {
  const phone = terminal(UNKNOWN_IMSI);
  keys.register(UNKNOWN_IMSI, phone);
  const outcomes = {
    required: [403, 403, 404],
    optional: [404, 403, 404],
    ignored: [404, 404, 404],
  };
  for (const policy of ['required', 'optional', 'ignored'] as const) {
    const status = async (credential?: string) =>
      (await ask(http, UNKNOWN_IMSI, headersOf(credential, policy))).status;
    const forged = terminal(UNKNOWN_IMSI, 3).credential();
    const told = [await status(), await status(forged), await status(phone.credential())];
    assert.deepEqual(told, outcomes[policy], policy);
  }
}

async function oneUseOverAllThreads(
  keys: Keys,
  http: string,
  sbi: ReturnType<typeof openH2>,
): Promise<void> {
  const phone = terminal(IMSI_A);
  keys.register(IMSI_A, phone);
  const discovery = `/nnrf-disc/v1/nf-instances?target-nf-type=UDM&requester-nf-type=AMF&supi=${IMSI_A}`;
  const discover = (credential?: string) => send(sbi, discovery, headersOf(credential));
  const once = phone.credential();
  const told = await Promise.all([
    ...Array.from({ length: 8 }, () => ask(http, IMSI_A, headersOf(once))),
    ...Array.from({ length: 4 }, () => discover(once)),
  ]);
  assert.equal(told.filter(({ status }) => status === 200).length, 1, 'one of twelve');
  assert.equal((await discover(phone.credential())).status, 200);
  assert.equal((await discover()).json.cause, 'CREDENTIAL_REQUIRED');
}

/** Plain lookups are answered meanwhile; every forged credential is refused. */
async function floodsAreRefused(keys: Keys, http: string): Promise<void> {
  keys.register(IMSI_A, terminal(IMSI_A));
  const forger = terminal(IMSI_A, 66);
  const flood = Array.from({ length: 300 }, async () => {
    const { cause } = await ask(http, IMSI_A, headersOf(forger.credential()));
    return cause;
  });
  for (let round = 0; round < 20; round++) {
    assert.equal((await ask(http, MSISDN_A, headersOf(undefined, 'ignored'))).status, 200);
  }
  const causes = new Set(await Promise.all(flood));
  assert.deepEqual([...causes], ['CREDENTIAL_SIGNATURE_INVALID']);
}
