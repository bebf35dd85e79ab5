// Nbchf on the port of the service-based interfaces: the same answers over HTTP/2, for who proves itself by a
// certificate, and by the same rules.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openH2, send } from '../../sbi/test/h2-requests.ts';
import { TEST_CERT, TEST_KEY } from '../../sbi/test/tls-fixture.ts';
import { ask, IMSI_A, IMSI_B, MSISDN_A, withAccess } from './access-fixture.ts';

const directory = mkdtempSync(join(tmpdir(), 'bchf-nbchf-'));
after(() => rmSync(directory, { recursive: true }));
const fileWith = (name: string, text: string) => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};
const sbiTlsCert = fileWith('cert.pem', TEST_CERT);
const sbiTlsKey = fileWith('key.pem', TEST_KEY);
const TLS = { sbiWorkers: 1, sbiTlsCert, sbiTlsKey, sbiTlsClientCa: sbiTlsCert };
/** What the certificate calls its holder: its common name, because its alternative name is an address. */
const HOLDER = 'bchf test';

const API = '/nbchf-routing/v1';
const of = (ueId: string) => `${API}/routing-info/${ueId}`;
const BATCH = of('batch');
const POST = { ':method': 'POST', 'content-type': 'application/json' };

test('a client certificate proves who asks, and the rules for it decide', async () => {
  const requesters = [{ name: 'known', from: { subjects: [HOLDER] }, members: ['member-a'] }];
  const accessRules = fileWith('rules.json', JSON.stringify({ requesters }));
  await withAccess({ ...TLS, accessRules }, undefined, async ({ ports }, http) => {
    const url = `https://127.0.0.1:${ports.sbi}`;
    const session = openH2(url, { ca: TEST_CERT, cert: TEST_CERT, key: TEST_KEY });
    const allowed = await send(session, of(IMSI_A));
    assert.deepEqual([allowed.status, allowed.json.route.member], [200, 'member-a']);
    assert.equal((await send(session, of(IMSI_B))).json.cause, 'MEMBER_NOT_ALLOWED');
    assert.equal((await send(session, `${API}/ranges?prefix=2`)).json.cause, 'BULK_NOT_ALLOWED');
    const { json } = await send(session, BATCH, POST, JSON.stringify([IMSI_A, IMSI_B, MSISDN_A]));
    assert.deepEqual(
      json.results.map(({ cause }: { cause?: string }) => cause),
      [undefined, 'MEMBER_NOT_ALLOWED', undefined],
    );
    session.destroy();
    // Over HTTP/1.1 the same client has nothing to prove itself with, and here it has to.
    assert.equal((await ask(http, IMSI_A)).cause, 'REQUESTER_NOT_ALLOWED');
    await assert.rejects(send(openH2(url, { ca: TEST_CERT }), of(IMSI_A)));
  });
});

test('changes are followed by who may ask for everything, and the audit log has who tried', async () => {
  const accessRules = fileWith(
    'followers.json',
    JSON.stringify({
      requesters: [
        { name: 'cache', from: { subjects: [HOLDER], nfTypes: ['CACHE'] } },
        { name: 'member', from: { subjects: [HOLDER] }, members: ['member-a'] },
      ],
    }),
  );
  const auditLog = join(directory, 'followers.log');
  await withAccess({ ...TLS, accessRules, auditLog }, undefined, async ({ ports }) => {
    const url = `https://127.0.0.1:${ports.sbi}`;
    const session = openH2(url, { ca: TEST_CERT, cert: TEST_CERT, key: TEST_KEY });
    const refused = await send(session, `${API}/changes`, { 'x-request-id': 'mine' });
    assert.deepEqual([refused.status, refused.json.cause], [403, 'BULK_NOT_ALLOWED']);
    assert.equal(refused.headers['x-request-id'], 'mine');
    // No ledger is followed here, which only those are told who may follow.
    const allowed = await send(session, `${API}/changes`, { 'user-agent': 'CACHE' });
    assert.deepEqual([allowed.status, allowed.json.cause], [501, 'LEDGER_NOT_FOLLOWED']);
    session.destroy();
  });
  const lines = readFileSync(auditLog, 'utf8').trim().split('\n');
  assert.deepEqual(
    lines.map((line) => {
      const { interface: over, operation, rule, decision, cause } = JSON.parse(line);
      return [over, operation, rule, decision, cause];
    }),
    [
      ['sbi', 'changes', 'member', 'refused', 'BULK_NOT_ALLOWED'],
      ['sbi', 'changes', 'cache', 'allowed', null],
    ],
  );
});

test('the resources are those of HTTP/1.1', async () => {
  await withAccess({ sbiWorkers: 1 }, undefined, async ({ ports }, http) => {
    const session = openH2(`http://127.0.0.1:${ports.sbi}`);
    for (const path of [
      of(IMSI_A),
      `${of(IMSI_A)}?explain=true`,
      of('msisdn-x'),
      `${API}/ranges?prefix=358&identity=msisdn`,
      `${API}/ranges`,
      `${API}/routes/udm-a`,
      `${API}/members/member-a`,
      `${API}/changes`,
      `${API}/nothing`,
    ]) {
      const [over2, over1] = [await send(session, path), await fetch(http + path)];
      assert.deepEqual([over2.status, over2.json], [over1.status, await over1.json()], path);
    }
    const long = JSON.stringify(new Array(8_000).fill(IMSI_A));
    const answer = await send(session, BATCH, POST, long);
    assert.deepEqual([answer.status, answer.json.results.length], [200, 8_000]);
    const tooLong = JSON.stringify(new Array(20_000).fill(IMSI_A));
    assert.equal((await send(session, BATCH, POST, tooLong)).status, 413);
    const put = await send(session, of(IMSI_A), { ':method': 'PUT' });
    assert.deepEqual([put.status, put.headers.allow], [405, 'GET, HEAD']);
    const head = await send(session, of(IMSI_A), { ':method': 'HEAD' });
    assert.deepEqual([head.status, head.text], [200, '']);
    session.destroy();
  });
});

test('where tokens are required, Nbchf needs one too', async () => {
  const flags = { sbiWorkers: 1, sbiTokenPolicy: 'required' };
  await withAccess(flags, undefined, async ({ ports }) => {
    const session = openH2(`http://127.0.0.1:${ports.sbi}`);
    for (const path of [of(IMSI_A), `${API}/changes`]) {
      assert.equal((await send(session, path)).status, 401);
    }
    session.destroy();
  });
});
