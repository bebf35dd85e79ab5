// What is told before anything is loaded.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { configure, servingOptions, startOptions } from '../config.ts';
import { createLog } from '../log.ts';
import { startNode } from '../node.ts';
import { nodeOptions } from '../node-config.ts';
import { FREE_PORTS } from '../probe-ports.ts';
import { silentProgress } from '../progress.ts';
import { start } from '../start.ts';
import { checkBeforeLoading } from '../start-checks.ts';
import { runBchf } from './bchf-process.ts';

const directory = mkdtempSync(join(tmpdir(), 'bchf-start-checks-'));
after(() => rmSync(directory, { recursive: true }));
/** Nothing is there, so whoever reads it first has another error to tell. */
const missing = join(directory, 'missing');
const EVERYWHERE = { ...FREE_PORTS, adminHost: '0.0.0.0' };
const UNPROTECTED = { code: 'BCHF_ADMIN_UNPROTECTED' };
const log = createLog('silent', 'text');
const onFailure = (error: Error) => {
  throw error;
};

test('start tells of an unprotected admin port before it makes a ledger', async () => {
  const flags = { ...EVERYWHERE, data: missing };
  const configuration = configure(startOptions, { flags, environment: {} });
  const { signal } = new AbortController();
  const started = start({ configuration, log, progress: silentProgress, signal, onFailure });
  await assert.rejects(started, UNPROTECTED);
  assert.ok(!existsSync(missing));
});

test('node tells of an unprotected admin port before it reads anything', async () => {
  const flags = {
    ...{ ...EVERYWHERE, ledgerPort: 0, data: missing },
    ...{ genesis: missing, nodeKey: missing, gossipListen: '/ip4/127.0.0.1/tcp/0' },
  };
  const configuration = configure(nodeOptions, { flags, environment: {} }, nodeOptions);
  await assert.rejects(startNode({ configuration, log, onFailure }), UNPROTECTED);
  assert.ok(!existsSync(missing));
});

test('serve tells of an unprotected admin port before it reads the snapshot', async () => {
  const { code, stderr } = await runBchf('serve', '--snapshot', missing, '--admin-host', '0.0.0.0');
  assert.equal(code, 1);
  assert.ok(stderr.includes(UNPROTECTED.code), stderr);
});

test('a file of settings that does not fit is told of as early, by its place in the file', async () => {
  const contents = {
    pdbCarriers: ['{"routes": {"a": 99999}}', /routes\.a/],
    batchKeys: ['{"keys": {"7": "short"}}', /keys/],
    enumZones: ['{"zones": []}', /zones: /],
    accessRules: ['requesters: [{}]', /requesters\.0\.name/],
    sbiTokenKey: ['no key', /sbi-token-key/],
  } as const;
  for (const [option, [content, place]] of Object.entries(contents)) {
    const path = join(directory, option);
    writeFileSync(path, content);
    const flags = { ...FREE_PORTS, batchAuthentication: 'off', [option]: path };
    if (option === 'batchKeys') flags.batchAuthentication = 'required';
    const { values } = configure(servingOptions, { flags, environment: {} });
    await assert.rejects(checkBeforeLoading(values, log), (error: Error & { code: string }) => {
      assert.equal(error.code, 'BCHF_CONFIG_INVALID', option);
      assert.match(error.message, place);
      assert.ok(error.message.includes(path), error.message);
      assert.ok(!error.message.includes('"code"'), 'told for people');
      return true;
    });
  }
});

test('a port that is in use is told of as early', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const flags = { ...FREE_PORTS, adminPort: port };
  const { values } = configure(servingOptions, { flags, environment: {} });
  await assert.rejects(checkBeforeLoading(values, log), { code: 'BCHF_LISTEN_FAILED' });
  server.close();
});
