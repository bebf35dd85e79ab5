// Who may ask for what, at a running resolver: tokens, certificates, rules that change, quotas over
// several threads, and what the audit log keeps of it.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadUWebSockets } from '../../http/uwebsockets.ts';
import { generateTokenKeys, issueToken } from '../../sbi/access-token.ts';
import { openH2, send } from '../../sbi/test/h2-requests.ts';
import { TEST_CERT, TEST_KEY } from '../../sbi/test/tls-fixture.ts';
import {
  ask,
  IMSI_A,
  IMSI_B,
  Keys,
  MSISDN_A,
  terminal,
  UNKNOWN_IMSI,
  VISITED_HEADER,
  withAccess,
} from './access-fixture.ts';

const directory = mkdtempSync(join(tmpdir(), 'bchf-access-'));
after(() => rmSync(directory, { recursive: true }));

let files = 0;
function fileWith(text: string): string {
  const path = join(directory, `file-${files++}`);
  writeFileSync(path, text);
  return path;
}
const rulesFile = (...requesters: object[]) => fileWith(JSON.stringify({ requesters }));

const AMF = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
const keys = generateTokenKeys();
const tokenKey = fileWith(keys.privateKey!.export({ type: 'pkcs8', format: 'pem' }).toString());
const bearer = async (changes: object = {}) => ({
  authorization: `Bearer ${await issueToken(
    keys.privateKey!,
    {
      issuer: AMF,
      subject: AMF,
      audience: 'BCHF',
      scope: 'nbchf-routing',
      ...changes,
    },
    Date.now(),
  )}`,
});

const batch = (http: string, body: string | Uint8Array<ArrayBuffer>, headers: object, query = '') =>
  fetch(`${http}/nbchf-routing/v1/routing-info/batch${query}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });

/** Repeats an action until it gives what is wanted, for some seconds. */
async function until<T>(wanted: T, action: () => Promise<T>): Promise<void> {
  for (let round = 0; round < 100; round++) {
    if ((await action()) === wanted) return;
    await sleep(100);
  }
  assert.equal(await action(), wanted);
}

describe('access over HTTP/1.1', () => {
  it('needs a token where tokens are required, and knows its sender by it', async () => {
    const accessRules = rulesFile({ name: 'amf', from: { subjects: [AMF], networks: ['262-01'] } });
    const flags = { httpTokenPolicy: 'required', sbiTokenKey: tokenKey, accessRules };
    await withAccess(flags, undefined, async (_, http) => {
      const status = async (headers: Record<string, string> = {}) =>
        (await ask(http, IMSI_A, headers)).status;
      assert.equal(await status(), 401);
      assert.equal(await status({ authorization: 'Bearer nonsense' }), 401);
      assert.equal(await status(await bearer({ audience: 'UDM' })), 401);
      assert.equal(await status(await bearer({ scope: 'nudm-sdm' })), 403);
      assert.equal(await status(await bearer()), 200);
      assert.equal(await status(await bearer({ subject: 'somebody' })), 403);
      // The network in a token counts before what a header says.
      const elsewhere = await bearer({ consumerPlmnId: { mcc: '262', mnc: '02' } });
      assert.equal(await status({ ...elsewhere, ...VISITED_HEADER }), 403);
      const body = JSON.stringify([IMSI_A, MSISDN_A]);
      assert.equal((await batch(http, body, {})).status, 401);
      assert.equal((await batch(http, body, await bearer({ scope: 'x' }))).status, 403);
      assert.equal((await batch(http, body, await bearer())).status, 200);
      for (const open of ['/health/live', '/health/ready', '/metrics', '/openapi.json']) {
        assert.equal((await fetch(`${http}${open}`)).status, 200, open);
      }
      assert.equal((await fetch(`${http}/nbchf-routing/v1/ranges`)).status, 401);
    });
  });

  it('is had over TLS, and the options that go with it go together', async (t) => {
    if (!loadUWebSockets().isNative) {
      t.skip('the stand-in of uWebSockets.js has no TLS');
      return;
    }
    const httpTlsCert = fileWith(TEST_CERT);
    const httpTlsKey = fileWith(TEST_KEY);
    await withAccess({ httpTlsCert, httpTlsKey }, undefined, async ({ ports }) => {
      const status = await new Promise((resolve, reject) => {
        const path = `/nbchf-routing/v1/routing-info/${IMSI_A}`;
        const options = { host: '127.0.0.1', port: ports.http, path, ca: TEST_CERT };
        https.get(options, (response) => resolve(response.resume().statusCode)).on('error', reject);
      });
      assert.equal(status, 200);
    });
    const started = withAccess({ httpTlsCert }, undefined, async () => {});
    await assert.rejects(started, { code: 'BCHF_CONFIG_INVALID' });
    const mixed = withAccess({ httpTlsCert, httpTlsKey: tokenKey }, undefined, async () => {});
    await assert.rejects(mixed, { code: 'BCHF_LISTEN_FAILED' });
  });

  it('goes by kinds of numbers and by members, and keeps many numbers from the restricted', async () => {
    const accessRules = rulesFile(
      { name: 'imsi', from: { nfTypes: ['AMF'] }, identities: ['imsi'] },
      { name: 'member', from: { nfTypes: ['MSC'] }, members: ['member-a'] },
    );
    await withAccess({ accessRules }, undefined, async (_, http) => {
      const amf = { 'user-agent': 'AMF-1' };
      const msc = { 'user-agent': 'MSC' };
      const cause = async (ueId: string, headers: Record<string, string>) =>
        (await ask(http, ueId, headers)).cause;
      assert.equal(await cause(IMSI_A, amf), undefined);
      assert.equal(await cause(IMSI_B, amf), undefined);
      assert.equal(await cause(MSISDN_A, amf), 'IDENTITY_NOT_ALLOWED');
      assert.equal(await cause(MSISDN_A.replace('m', '%6D'), amf), 'IDENTITY_NOT_ALLOWED');
      assert.equal(await cause(IMSI_A, msc), undefined);
      assert.equal(await cause(MSISDN_A, msc), undefined);
      assert.equal(await cause(IMSI_B, msc), 'MEMBER_NOT_ALLOWED');
      assert.equal(await cause(`${IMSI_B}?explain=true`, msc), 'MEMBER_NOT_ALLOWED');
      assert.equal(await cause(IMSI_A, {}), 'REQUESTER_NOT_ALLOWED');
      const compact = { 'content-type': 'application/vnd.bchf.batch' };
      const one = new Uint8Array(8);
      const bulk = async (headers: object, body: string | typeof one, query = '') =>
        (await batch(http, body, headers, query)).status;
      assert.notEqual(await bulk({ ...amf, ...compact }, one, '?identity=imsi'), 403);
      assert.equal(await bulk({ ...amf, ...compact }, one, '?identity=msisdn'), 403);
      assert.equal(await bulk({ ...msc, ...compact }, one, '?identity=imsi'), 403);
    });
  });

  it('judges each number of a batch in JSON as it would be judged alone', async () => {
    const accessRules = rulesFile(
      { name: 'imsi', from: { nfTypes: ['AMF'] }, identities: ['imsi'] },
      { name: 'member', from: { nfTypes: ['MSC'] }, members: ['member-a'] },
      { name: 'terminal', from: { nfTypes: ['SMSF'] }, credential: 'required' },
    );
    await withAccess({ accessRules }, undefined, async (_, http) => {
      const numbers = [IMSI_A, MSISDN_A, IMSI_B, UNKNOWN_IMSI, IMSI_A];
      for (const nfType of ['AMF', 'MSC']) {
        const headers = { 'user-agent': nfType };
        const alone: (string | undefined)[] = [];
        for (const ueId of numbers) alone.push((await ask(http, ueId, headers)).cause);
        // The second is long enough for the thread beside, which has no routes.
        for (const repeated of [1, 1000]) {
          const all = Array.from({ length: repeated }, () => numbers).flat();
          const response = await batch(http, JSON.stringify(all), headers);
          assert.equal(response.status, 200);
          const { results, routes } = (await response.json()) as {
            results: { cause?: string; route?: number }[];
            routes: Record<string, { member: string }>;
          };
          const causes = results.map(({ cause }) => cause);
          assert.deepEqual(causes, Array.from({ length: repeated }, () => alone).flat());
          const members = Object.values(routes).map(({ member }) => member);
          assert.deepEqual(members, nfType === 'AMF' ? ['member-a', 'member-b'] : ['member-a']);
        }
      }
      const needing = await batch(http, JSON.stringify([IMSI_A]), { 'user-agent': 'SMSF' });
      const { cause } = (await needing.json()) as { cause: string };
      assert.deepEqual([needing.status, cause], [403, 'BULK_NOT_ALLOWED']);
    });
  });

  it('follows the rules when their file changes, and keeps them where it no longer fits', async () => {
    const accessRules = rulesFile({ name: 'all', identities: ['imsi'] });
    await withAccess({ accessRules }, undefined, async (_, http) => {
      const status = async () => (await ask(http, MSISDN_A)).status;
      assert.equal(await status(), 403);
      writeFileSync(accessRules, 'requesters:\n  - name: all\n    identities: [msisdn]\n');
      await until(200, status);
      writeFileSync(accessRules, 'requesters: [{name: all, identities: [none]}]');
      await sleep(2500);
      assert.equal(await status(), 200);
    });
  });

  it('lets each requester have its quota, once over all threads, and says when to come again', async () => {
    const quota = { perSecond: 1, burst: 20 };
    const accessRules = rulesFile(
      { name: 'a', from: { nfTypes: ['AMF'] }, quota },
      { name: 'b', from: { nfTypes: ['SMSF'] }, quota },
    );
    const flags = { accessRules, workers: 3, sbiWorkers: 1 };
    await withAccess(flags, undefined, async ({ ports }, http) => {
      // A connection for each request, so that the system spreads them over the threads.
      const asked = (userAgent: string) =>
        ask(http, IMSI_A, { 'user-agent': userAgent, connection: 'close' });
      const startedMs = Date.now();
      const told = await Promise.all(Array.from({ length: 60 }, () => asked('AMF')));
      const good = told.filter(({ status }) => status === 200).length;
      const secondsGone = Math.ceil((Date.now() - startedMs) / 1000);
      assert.ok(good >= 20 && good <= 20 + secondsGone, `${good} in ${secondsGone} s`);
      const refused = told.find(({ status }) => status !== 200)!;
      assert.deepEqual([refused.status, refused.cause], [429, 'NF_CONGESTION_RISK']);
      assert.ok(Number(refused.retryAfter) >= 1);
      const session = openH2(`http://127.0.0.1:${ports.sbi}`);
      const discovery = `/nnrf-disc/v1/nf-instances?target-nf-type=UDM&requester-nf-type=AMF&supi=${IMSI_A}`;
      const spent = await Promise.all(Array.from({ length: 9 }, () => send(session, discovery)));
      assert.ok(spent.some(({ status }) => status === 429));
      session.destroy();
      assert.equal((await asked('SMSF')).status, 200);
      // As the handler reads the type, so must whoever counts the numbers.
      const many = new Uint8Array(800);
      const shouted = { 'user-agent': 'SMSF', 'content-type': 'APPLICATION/VND.BCHF.BATCH; a=b' };
      assert.equal((await batch(http, many, shouted, '?identity=imsi')).status, 200);
      const after = await asked('SMSF');
      assert.equal(after.status, 429, 'each number of a batch counts');
      assert.ok(Number(after.retryAfter) > 60);
    });
  });
});

describe('access over the service-based interfaces', () => {
  it('knows a client by its certificate, and asks every operation that names a number', async () => {
    const certFile = fileWith(TEST_CERT);
    const tls = {
      sbiTlsCert: certFile,
      sbiTlsKey: fileWith(TEST_KEY),
      sbiTlsClientCa: certFile,
      sbiWorkers: 1,
    };
    const rule = { name: 'known', from: { subjects: ['bchf test'] }, identities: ['imsi'] };
    const accessRules = rulesFile(rule, { name: 'x', from: { subjects: ['x'] } });
    await withAccess({ ...tls, accessRules }, undefined, async ({ ports }) => {
      const session = openH2(`https://127.0.0.1:${ports.sbi}`, {
        ca: TEST_CERT,
        cert: TEST_CERT,
        key: TEST_KEY,
      });
      const told = async (path: string) => {
        const { status, json } = await send(session, path);
        return `${status} ${json.cause ?? ''}`.trim();
      };
      const discovery = '/nnrf-disc/v1/nf-instances?target-nf-type=UDM&requester-nf-type=AMF';
      const map = '/nudr-group-id-map/v1/nf-group-ids?nf-type=UDM';
      assert.equal(await told(`${discovery}&supi=${IMSI_A}`), '200');
      assert.equal(await told(`${map}&subscriberId=${IMSI_A}`), '200');
      const refused = '403 IDENTITY_NOT_ALLOWED';
      assert.equal(await told(`${discovery}&gpsi=${MSISDN_A}`), refused);
      assert.equal(await told(`${discovery}&msisdn=${MSISDN_A.slice(7)}`), refused);
      assert.equal(await told(`${map}&subscriberId=${MSISDN_A}`), refused);
      assert.equal(await told(`${map}&subscriber-id=${MSISDN_A}`), refused);
      assert.equal(await told(`/nmnpf-npstatus/v1/${MSISDN_A}`), refused);
      assert.equal(await told(`/nmnpf-npstatus/v1/${MSISDN_A.replace('m', '%6d')}`), refused);
      assert.equal(await told(discovery), '200', "the NRF's own requests are not decided here");
      session.destroy();
    });
  });
});

describe('the audit log', () => {
  const linesOf = (text: string) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));

  it('has a line for each decision, and no number in clear, whatever a request has in it', async () => {
    for (const auditNumbers of ['masked', 'hashed'] as const) {
      const auditLog = join(directory, `audit-${auditNumbers}.log`);
      const ledger = new Keys();
      const phone = terminal(IMSI_A);
      ledger.register(IMSI_A, phone);
      const accessRules = rulesFile(
        { name: 'amfs', from: { nfTypes: ['AMF'] }, credential: 'optional' },
        { name: 'msc', from: { nfTypes: ['MSC'] }, members: ['member-a'] },
      );
      const flags = { auditLog, auditNumbers, accessRules, sbiWorkers: 1 };
      await withAccess(flags, ledger.keyOf, async ({ ports }, http) => {
        const amf = { 'user-agent': 'AMF', ...VISITED_HEADER };
        await ask(http, IMSI_A, amf);
        await ask(http, IMSI_A, { ...amf, 'bchf-credential': phone.credential() });
        await ask(http, IMSI_A, { ...amf, 'bchf-credential': phone.credential({ timeMs: 0 }) });
        await ask(http, IMSI_B, { 'user-agent': 'MSC' });
        const named = { 'x-request-id': `a${IMSI_A}b`, '3gpp-sbi-correlation-info': IMSI_A };
        await ask(http, IMSI_A, { 'user-agent': IMSI_A, [IMSI_A]: IMSI_A, ...named });
        await ask(http, '244050123456789', amf);
        await ask(http, `${IMSI_A}0`, amf);
        await fetch(`${http}/nbchf-routing/v1/${IMSI_A.slice(5)}/${IMSI_A}?a=${IMSI_A}`, {
          headers: amf,
        });
        await batch(http, JSON.stringify([IMSI_A, IMSI_B]), amf);
        const session = openH2(`http://127.0.0.1:${ports.sbi}`);
        const discovery = '/nnrf-disc/v1/nf-instances?target-nf-type=UDM&requester-nf-type=AMF';
        await send(session, `${discovery}&supi=${IMSI_A}`, amf);
        await send(session, `/nmnpf-npstatus/v1/${MSISDN_A}`, amf);
        session.destroy();
      });
      const text = readFileSync(auditLog, 'utf8');
      for (const ueId of [IMSI_A, IMSI_B, MSISDN_A]) {
        assert.ok(!text.includes(ueId.replace(/.*-/, '')), `${ueId} in clear`);
      }
      const lines = linesOf(text);
      // Two threads wrote them: they stand in the order of each.
      const http = lines.filter((line) => line.interface === 'http');
      assert.deepEqual(
        http.map(({ operation, rule, identity, decision, cause, credential, member }) =>
          [operation, rule, identity, decision, cause, credential, member].join(' '),
        ),
        [
          'routing-info amfs imsi allowed   member-a',
          'routing-info amfs imsi allowed  good member-a',
          'routing-info amfs imsi refused CREDENTIAL_EXPIRED  member-a',
          'routing-info msc imsi refused MEMBER_NOT_ALLOWED  member-b',
          'routing-info  imsi refused REQUESTER_NOT_ALLOWED  member-a',
          'routing-info amfs  allowed   ',
          'routing-info amfs  allowed   ',
          'other amfs  allowed   ',
          'batch amfs  allowed   ',
        ],
      );
      assert.equal(http[8]?.count, 2);
      assert.equal(http[0]?.number, http[1]?.number);
      assert.notEqual(http[0]?.number, http[3]?.number);
      if (auditNumbers === 'masked') assert.equal(http[0]?.number, '244050*********');
      else assert.match(http[0]?.number, /^cmac-[0-9a-f]{32}$/);
      const sbi = lines.filter((line) => line.interface === 'sbi');
      assert.deepEqual(
        sbi.map(({ operation, nfType }) => `${operation} ${nfType}`),
        ['nnrf-disc AMF', 'nmnpf-npstatus AMF'],
      );
    }
  });

  it('calls a request what its sender and its answer do, over both interfaces', async () => {
    const auditLog = join(directory, 'named.log');
    const accessRules = rulesFile({ name: 'amfs', from: { nfTypes: ['AMF'] } });
    const flags = { auditLog, accessRules, sbiWorkers: 1, sbiTokenPolicy: 'optional' };
    const told: (string | null | undefined)[] = [];
    await withAccess({ ...flags, sbiTokenKey: tokenKey }, undefined, async ({ ports }, http) => {
      const asked = async (ueId: string, headers: Record<string, string>) => {
        const url = `${http}/nbchf-routing/v1/routing-info/${ueId}`;
        told.push((await fetch(url, { headers })).headers.get('x-request-id'));
      };
      await asked(IMSI_A, { 'user-agent': 'AMF', 'x-request-id': 'a' });
      await asked(IMSI_A, { 'user-agent': 'AMF' });
      await asked(IMSI_A, { 'x-request-id': 'b' });
      await asked(IMSI_A, { '3gpp-sbi-correlation-info': IMSI_A, 'x-request-id': 'c' });
      await asked(IMSI_A, {});
      await asked('imsi-99999', { 'user-agent': 'AMF' });
      const session = openH2(`http://127.0.0.1:${ports.sbi}`);
      const status = `/nmnpf-npstatus/v1/${MSISDN_A}`;
      const bad = { authorization: 'Bearer nonsense' };
      for (const headers of [{ 'x-request-id': 'd' }, {}, bad, { ...bad, 'x-request-id': 'e' }]) {
        told.push((await send(session, status, headers)).headers['x-request-id'] as string);
      }
      session.destroy();
    });
    const lines = linesOf(readFileSync(auditLog, 'utf8'));
    const names = ['http', 'sbi'].flatMap((one) =>
      lines.filter((line) => line.interface === one).map(({ requestId }) => requestId),
    );
    assert.deepEqual(told, [null, null, 'b', IMSI_A, ...names.slice(4)]);
    assert.deepEqual(
      names.filter((_, at) => [0, 2, 3].includes(at)),
      ['a', 'b', 'imsi-244050*********'],
    );
    const [, missing, given, own, refused, both] = names.slice(4);
    assert.deepEqual([given, both], ['d', 'e']);
    const ours = [names[1], names[4], missing, own, refused];
    assert.equal(new Set(ours).size, 5, 'each has a name of its own');
    for (const name of ours) assert.match(name, /^[0-9a-f-]{36}$/);
  });

  it('is opened anew on SIGHUP, and a line is in one file or the other', async () => {
    const auditLog = join(directory, 'turned.log');
    await withAccess({ auditLog, workers: 2 }, undefined, async (_, http) => {
      assert.equal((await ask(http, IMSI_A)).status, 200, 'without rules all is allowed');
      await until(1, async () => linesOf(readFileSync(auditLog, 'utf8')).length);
      renameSync(auditLog, `${auditLog}.moved`);
      process.kill(process.pid, 'SIGHUP');
      await until(true, async () => readdirSync(directory).includes('turned.log'));
      await ask(http, IMSI_A);
      await until(1, async () => linesOf(readFileSync(auditLog, 'utf8')).length);
      assert.equal(linesOf(readFileSync(`${auditLog}.moved`, 'utf8')).length, 1);
    });
  });
});
