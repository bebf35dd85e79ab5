// The admin port: who may use it, and what it answers for snapshots.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { judgeAccess, readAdminAccess } from '../admin/admin-access.ts';
import { askAdmin } from '../admin/admin-client.ts';
import { type AdminServices, listenAdmin } from '../admin/admin-server.ts';
import { askCarriers } from '../cli/carriers.ts';
import { configure, servingOptions } from '../config.ts';
import { TEST_CERT, TEST_KEY } from '../sbi/test/tls-fixture.ts';
import type { Service } from '../service.ts';
import { writeContent } from './swap-content.ts';
import { serveContents } from './swap-load.ts';

const directory = mkdtempSync(join(tmpdir(), 'bchf-admin-'));
after(() => rmSync(directory, { recursive: true }));
const TOKEN = 'a token of enough letters'.replaceAll(' ', '-');
const tokenFile = join(directory, 'token');
writeFileSync(tokenFile, `${TOKEN}\n`);

async function withService(
  flags: Record<string, unknown>,
  action: (service: Service) => Promise<void>,
): Promise<void> {
  const served = mkdtempSync(join(directory, 'served-'));
  for (const content of [1, 2]) {
    await writeContent(join(served, `${content}.bchf`), content, { chainId: 'test' });
  }
  const few = { workers: 1, udpWorkers: 1, sbiWorkers: 0 };
  const service = await serveContents(served, {}, { ...few, ...flags });
  try {
    await action(service);
  } finally {
    await service.stop();
  }
}

interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** fetch sets headers of its own, so this goes by node:http. */
function ask(service: Service, path: string, { method = 'GET', headers = {}, body }: Asked = {}) {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: never }>(
    (resolve, reject) => {
      const { admin: port } = service.ports;
      const asked = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => {
          const answer = text === '' ? undefined : JSON.parse(text);
          const status = response.statusCode ?? 0;
          resolve({ status, headers: response.headers, body: answer as never });
        });
      });
      asked.on('error', reject);
      asked.end(body);
    },
  );
}

const JSON_HEADERS = { 'content-type': 'application/json' };

test('snapshots are listed, compared, swapped and rolled back by name', async () => {
  await withService({}, async (service) => {
    const options = { url: `http://127.0.0.1:${service.ports.admin}` };
    const list = await askAdmin<never>(options, 'GET', '/admin/v1/snapshots');
    const { serving, snapshots } = list as {
      serving: string;
      snapshots: Record<string, unknown>[];
    };
    assert.equal(serving, '1.bchf');
    assert.deepEqual(
      snapshots.map(({ name, height, chainId, isServing, isPinned, routes }) => [
        ...[name, height, chainId, isServing, isPinned, routes],
      ]),
      [
        ['2.bchf', 2, 'test', false, false, 4],
        ['1.bchf', 1, 'test', true, true, 3],
      ],
    );
    const diff = await ask(service, '/admin/v1/snapshots/diff?from=serving&to=2.bchf');
    assert.deepEqual((diff.body as { changed: unknown }).changed, { entries: 1001, numbers: 1000 });
    const swap = { method: 'POST', headers: JSON_HEADERS };
    const refused = await ask(service, '/admin/v1/swap', { ...swap, body: '{"name":"2.bchf"}' });
    const problem = refused.body as { code: string; diff: { changed: unknown } };
    assert.deepEqual(
      [refused.status, problem.code, problem.diff.changed],
      [422, 'BCHF_SNAPSHOT_LARGE_CHANGE', { entries: 1001, numbers: 1000 }],
    );
    const body = '{"name":"2.bchf","force":true}';
    const both = await Promise.all([
      ask(service, '/admin/v1/swap', { ...swap, body }),
      ask(service, '/admin/v1/swap', { ...swap, body }),
    ]);
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 409]);
    const back = await ask(service, '/admin/v1/rollback', { ...swap, body: '{}' });
    assert.equal((back.body as { serving: string }).serving, '1.bchf');
    const status = await ask(service, '/admin/v1/status');
    const { generation, snapshot } = status.body as Record<string, unknown>;
    assert.deepEqual([generation, snapshot], [3, '1.bchf']);
    const created = await ask(service, '/admin/v1/snapshots', { ...swap, body: '{}' });
    assert.deepEqual([created.status, created.body], [200, { name: '1.bchf', isNew: false }]);
    const deleted = await ask(service, '/admin/v1/snapshots/2.bchf', { ...swap, method: 'DELETE' });
    assert.equal((deleted.body as { code: string }).code, 'BCHF_SNAPSHOT_PINNED');
  });
});

test('requests that are malformed or go astray are answered with a code', async () => {
  await withService({}, async (service) => {
    const post = (path: string, body: string, headers: Record<string, string> = JSON_HEADERS) =>
      ask(service, path, { method: 'POST', headers, body });
    const swap = '/admin/v1/swap';
    const answers = [
      [400, await post(swap, '{')],
      [400, await post(swap, '{}')],
      [400, await post(swap, '{"name":"2.bchf","path":"/etc/passwd"}')],
      [404, await post(swap, '{"name":"../1.bchf"}')],
      [404, await post(swap, '{"name":"nested/1.bchf"}')],
      [413, await post(swap, JSON.stringify({ name: 'x'.repeat(20_000) }))],
      [415, await post(swap, '{"name":"2.bchf"}', {})],
      [415, await post(swap, '{"name":"2.bchf"}', { 'content-type': 'text/plain' })],
      [400, await post('/admin/v1/snapshots/prune', '{"keep":0}')],
      [405, await ask(service, swap)],
      [404, await ask(service, '/admin/v1/other')],
      [404, await ask(service, '/admin/v1/snapshots/diff?from=%2e%2e%2f1.bchf&to=2.bchf')],
      ...(await Promise.all(
        Object.entries({ '..%2f1.bchf': 404, '%2e%2e/1.bchf': 405, '..': 404, '%ff': 400 }).map(
          async ([name, status]) =>
            [
              status,
              await ask(service, `/admin/v1/snapshots/${name}`, {
                method: 'DELETE',
                headers: JSON_HEADERS,
              }),
            ] as const,
        ),
      )),
    ] as const;
    for (const [status, answer] of answers) {
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      assert.match((answer.body as { cause: string }).cause, /^[A-Z_]+$/);
    }
  });
});

test('without a token the port answers only to names of loopback', async () => {
  await withService({}, async (service) => {
    const host = (name: string) => ask(service, '/admin/v1/status', { headers: { host: name } });
    for (const name of ['127.0.0.1', 'localhost:8081', '[::1]:8081', '127.9.9.9']) {
      assert.equal((await host(name)).status, 200, name);
    }
    for (const name of ['rebound.example', '10.0.0.1:8081', '127.0.0.1.example.org']) {
      assert.equal((await host(name)).status, 403, name);
    }
  });
});

test('with a token everything under /admin asks for it', async () => {
  await withService({ adminTokenFile: tokenFile }, async (service) => {
    const as = (authorization?: string) =>
      ask(service, '/admin/v1/status', { headers: { ...(authorization && { authorization }) } });
    const none = await as();
    assert.equal(none.status, 401);
    assert.match(String(none.headers['www-authenticate']), /^Bearer /);
    assert.equal((await as('Bearer wrong')).status, 401);
    assert.equal((await as(`Basic ${TOKEN}`)).status, 401);
    assert.equal((await as(`Bearer ${TOKEN}`)).status, 200);
    assert.equal((await ask(service, '/health/live')).status, 200);
    const url = `http://127.0.0.1:${service.ports.admin}`;
    await askAdmin({ url, tokenFile }, 'GET', '/admin/v1/status');
    const unauthorised = askAdmin({ url }, 'GET', '/admin/v1/status');
    await assert.rejects(unauthorised, { code: 'BCHF_ADMIN_UNAUTHORISED' });
    assert.ok((await askCarriers({ admin: url, tokenFile })).length > 0);
    await assert.rejects(askCarriers({ admin: url }), { code: 'BCHF_ADMIN_UNAUTHORISED' });
  });
});

test('who guesses the token is told to wait, and the right token gets in from the same address', async () => {
  const guessing: string[] = [];
  const server = await listenAdmin('127.0.0.1', 0, {
    access: readAdminAccess(
      configure(servingOptions, { flags: { adminTokenFile: tokenFile }, environment: {} }).values,
    ),
    consoleFiles: { answer: () => undefined },
    readings: {},
    status: () => ({}),
    onGuessing: (address: string) => guessing.push(address),
  } as unknown as AdminServices);
  const ask = (token: string, path = '/admin/v1/status') =>
    fetch(`http://127.0.0.1:${server.port}${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
  try {
    assert.equal((await ask(TOKEN)).status, 200);
    let heard = 0;
    for (; heard < 100; heard++) if ((await ask(`wrong-token-${heard}`)).status !== 401) break;
    assert.ok(heard >= 10 && heard < 20, `${heard} guesses`);
    assert.deepEqual(guessing, ['127.0.0.1']);
    // A guess that has almost everything right is told what any other is.
    const answers = await Promise.all(
      [`${TOKEN}x`, TOKEN.slice(0, -1), 'x', 'y'.repeat(4096)].map(async (guess) => {
        const response = await ask(guess);
        assert.ok(Number(response.headers.get('retry-after')) >= 1);
        const names = [...response.headers.keys()].sort();
        return { status: response.status, names, body: await response.text() };
      }),
    );
    assert.equal(answers[0]?.status, 429);
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    assert.equal((await ask(TOKEN)).status, 200, 'the operator behind the same address');
    assert.equal((await ask('wrong-again')).status, 429, 'and no guesser profits by it');
    assert.equal(server.wrongTokens(), heard + 1 + answers.length + 1);
    assert.deepEqual(guessing, ['127.0.0.1'], 'the log has it once');
    assert.notEqual((await ask('wrong', '/health/live')).status, 429);
  } finally {
    await server.close();
  }
});

test('a port that is reached from elsewhere must ask who is there', () => {
  const access = (flags: Record<string, unknown>) =>
    readAdminAccess(configure(servingOptions, { flags, environment: {} }).values);
  for (const adminHost of ['0.0.0.0', '::', '10.1.2.3', 'admin.example.org']) {
    assert.throws(() => access({ adminHost }), { code: 'BCHF_ADMIN_UNPROTECTED' }, adminHost);
    assert.ok(access({ adminHost, adminTokenFile: tokenFile }).tokenHash);
  }
  for (const adminHost of ['127.0.0.1', '::1', 'localhost', '127.4.5.6']) access({ adminHost });
  const fileOf = (token: string) => {
    const path = join(directory, `token-${token.slice(0, 20)}`);
    writeFileSync(path, token);
    return path;
  };
  assert.ok(access({ adminTokenFile: fileOf('0123450123450123') }).tokenHash);
  for (const flags of [
    { adminTokenFile: fileOf('short') },
    { adminTokenFile: fileOf('a'.repeat(16)) },
    { adminTokenFile: fileOf('a'.repeat(4096)) },
    { adminTokenFile: fileOf('1234512345123451') },
    { adminTokenFile: join(directory, 'missing') },
    { adminTlsCert: tokenFile },
    { adminTlsClientCa: tokenFile },
  ]) {
    assert.throws(() => access(flags), { code: 'BCHF_CONFIG_INVALID' });
  }
});

test('with a client authority only who has a certificate of it gets in', async () => {
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  writeFileSync(cert, TEST_CERT);
  writeFileSync(key, TEST_KEY);
  const tls = { adminTlsCert: cert, adminTlsKey: key, adminTlsClientCa: cert };
  await withService(tls, async (service) => {
    const url = `https://127.0.0.1:${service.ports.admin}`;
    const status = (more: object) => askAdmin({ url, ...more }, 'GET', '/admin/v1/status');
    await status({ ca: cert, cert, key });
    const unreachable = { code: 'BCHF_SERVER_UNREACHABLE' };
    await assert.rejects(status({ ca: cert }), unreachable);
    await assert.rejects(status({ cert, key }), unreachable);
    const plain = { url: `http://127.0.0.1:${service.ports.admin}` };
    await assert.rejects(askAdmin(plain, 'GET', '/admin/v1/status'), unreachable);
  });
});

const ASKED = {
  authorization: undefined,
  host: 'x:8081',
  origin: undefined,
  contentType: 'application/json',
  isChange: true,
};
const PEM = Buffer.from('');
const CLIENT_TLS = { tokenHash: undefined, tls: { cert: PEM, key: PEM, clientCa: PEM } };

test('where TLS has asked for a certificate, no token is needed', () => {
  assert.equal(judgeAccess(ASKED, CLIENT_TLS), 'granted');
  const tls = { ...CLIENT_TLS.tls, clientCa: undefined };
  assert.equal(judgeAccess(ASKED, { tokenHash: undefined, tls }), 'foreign-host');
});

test('a page of another origin changes nothing, with a certificate of the browser neither', () => {
  const open = { tokenHash: undefined, tls: undefined };
  for (const [access, host] of [
    [CLIENT_TLS, 'admin.example:8081'],
    [open, 'localhost:8081'],
  ] as const) {
    const judge = (more: object) => judgeAccess({ ...ASKED, host, ...more }, access);
    assert.equal(judge({ contentType: 'text/plain' }), 'not-json');
    for (const origin of ['https://evil.example', 'null', `https://${host}.evil.example`, '']) {
      assert.equal(judge({ origin }), 'foreign-origin', origin);
      assert.equal(judge({ origin, isChange: false }), 'granted', 'its answer stays unread');
    }
    assert.equal(judge({ origin: `https://${host}` }), 'granted');
  }
});

test('who leaves in the middle of a body is no fault of the server', async () => {
  const faults: unknown[] = [];
  const server = await listenAdmin('127.0.0.1', 0, {
    access: { tokenHash: undefined, tls: undefined },
    consoleFiles: { answer: () => undefined },
    readings: {},
    onFault: (error: unknown) => faults.push(error),
  } as unknown as AdminServices);
  const socket = connect(server.port, '127.0.0.1');
  socket.write(
    'POST /admin/v1/snapshots HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n' +
      'Content-Length: 100\r\nExpect: 100-continue\r\n\r\n',
  );
  await once(socket, 'data'); // "100 Continue": the body is waited for.
  socket.resetAndDestroy();
  await once(socket, 'close');
  // Answers that come later than the end of that connection.
  for (let times = 0; times < 3; times++) await fetch(`http://127.0.0.1:${server.port}/nothing`);
  await server.close();
  assert.deepEqual(faults, []);
});
