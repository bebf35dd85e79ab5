// The command line as people and scripts meet it: exit codes, help, JSON, and what is wrong with it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CSV_HEADER } from '../snapshot/entries-csv.ts';
import { BCHF_COMMAND, type BchfResult, FREE_PORTS, runBchf } from './bchf-process.ts';
import { exampleRoute } from './example-route.ts';

const directory = mkdtempSync(join(tmpdir(), 'bchf cli '));
after(() => rmSync(directory, { recursive: true }));
const fileIn = (name: string) => join(directory, name);
const routes = fileIn('routes.json');
const snapshot = fileIn('a snapshot.bchf');

const entriesFile = (name: string, ...lines: string[]) => {
  writeFileSync(fileIn(name), `${[CSV_HEADER, ...lines].join('\n')}\n`);
  return fileIn(name);
};
const build = (entries: string, out: string, ...more: string[]) =>
  runBchf('snapshot', 'build', '--routes', routes, '--entries', entries, '--out', out, ...more);

before(async () => {
  writeFileSync(routes, JSON.stringify([exampleRoute('a')]));
  const entries = entriesFile('entries.csv', 'ported,msisdn,358401234567,,a');
  const { code, stderr } = await build(entries, snapshot);
  assert.equal(code, 0, stderr);
});

/** Exit code 2 or 1, nothing on standard output, and the code of the error on standard error. */
function assertFails({ code, stdout, stderr }: BchfResult, exit: number, error?: string): void {
  assert.equal(code, exit, stderr);
  assert.equal(stdout, '');
  if (error) assert.ok(stderr.includes(error), stderr);
  assert.ok(!stderr.includes('    at '), `no stack trace: ${stderr}`);
}

test('every command has help and ends with 0', async () => {
  const commands = [[], ['start'], ['serve'], ['lookup'], ['snapshot', 'build'], ['snapshot']];
  for (const command of commands) {
    const { code, stdout } = await runBchf(...command, '--help');
    assert.equal(code, 0, command.join(' '));
    assert.ok(stdout.startsWith('Usage: bchf'));
  }
});

test('a wrong command line ends with 2', async () => {
  const lines = [
    [],
    ['no-such-command'],
    ['start', '--no-such-option'],
    ['start', 'argument'],
    ['serve'],
    ['lookup'],
    ['lookup', '1', '2'],
    ['snapshot', 'build'],
    ['snapshot', 'inspect'],
  ];
  for (const line of lines) assertFails(await runBchf(...line), 2);
});

test('an option, environment variable or file that does not fit ends with 2', async () => {
  const broken = fileIn('broken.json');
  writeFileSync(broken, '{');
  const lines = [
    ['start', '--http-port', '0x10'],
    ['start', '--profile', '30'],
    ['serve', '--snapshot', snapshot, '--workers', ' '],
    ['start', '--config', broken],
    ['start', '--config', fileIn('missing.json')],
    ['start', '--config', directory],
  ];
  for (const line of lines) assertFails(await runBchf(...line), 2, 'BCHF_CONFIG_INVALID');
});

test('a data directory that cannot be one ends with 1 and the code of that', async () => {
  for (const data of [routes, join(routes, 'below')]) {
    assertFails(await runBchf('start', ...FREE_PORTS, '--data', data), 1, 'BCHF_DATA_IO');
  }
});

test('a reader that leaves early ends no command half-way', async () => {
  const child = spawn(
    process.execPath,
    [BCHF_COMMAND, 'lookup', '358401234567', '--snapshot', snapshot],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  assert.deepEqual(await once(child, 'close'), [0, null], stderr);
  assert.equal(stderr, '');
});

test('a directory of snapshots that is not there is no empty one', async () => {
  for (const command of [['list'], ['prune', '--keep', '1']]) {
    const result = await runBchf('snapshot', ...command, '--dir', fileIn('nowhere'));
    assertFails(result, 1, 'BCHF_SNAPSHOT_IO');
  }
});

test('standard output of the snapshot commands has what was asked for, and notes go to standard error', async () => {
  let answer: unknown;
  const admin = createServer((_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  admin.listen(0, '127.0.0.1');
  await once(admin, 'listening');
  const url = `http://127.0.0.1:${(admin.address() as AddressInfo).port}`;
  const name = '000000000039.bchf';
  const list = { serving: null, previous: null, swap: { state: 'loading', file: name } };
  const damaged = [{ name, code: 'BCHF_SNAPSHOT_INVALID' }];
  const cases: [string[], unknown, RegExp, RegExp, number][] = [
    [['create'], { name, isNew: true }, /^000000000039\.bchf\n$/, /^$/, 0],
    [['create'], { name, isNew: false }, /^000000000039\.bchf\n$/, /was there/, 0],
    [['create'], { name: null, isNew: false }, /^$/, /no block yet/, 3],
    [['create', '--json'], { name: null, isNew: false }, /^\{"name":null/, /^$/, 3],
    [['prune', '--keep', '1'], { deleted: [] }, /^$/, /nothing to delete/, 0],
    [['list'], { ...list, snapshots: [], damaged }, /^name .*\n$/, /under way: .*\n.*INVALID/, 0],
  ];
  try {
    for (const [command, told, stdout, stderr, code] of cases) {
      answer = told;
      const result = await runBchf('snapshot', ...command, '--admin', url);
      assert.equal(result.code, code, result.stderr);
      assert.match(result.stdout, stdout);
      assert.match(result.stderr, stderr);
    }
  } finally {
    admin.close();
  }
});

test('an address that no interface has is named with its option', async () => {
  // Of TEST-NET-3 (RFC 5737): no machine has it.
  const result = await runBchf(
    'serve',
    ...FREE_PORTS,
    '--snapshot',
    snapshot,
    '--host',
    '203.0.113.1',
  );
  assertFails(result, 1, 'BCHF_LISTEN_FAILED');
  assert.ok(result.stderr.includes('--host'));
});

test('lookup ends with 0 where a number is found, 3 where not, 2 where it is none', async () => {
  const found = await runBchf('lookup', '+358401234567', '--snapshot', snapshot, '--json');
  assert.equal(found.code, 0);
  assert.equal(JSON.parse(found.stdout).route.id, 'a');
  const missing = await runBchf('lookup', '358', '--snapshot', snapshot, '--json');
  assert.equal(missing.code, 3);
  assert.equal(JSON.parse(missing.stdout).cause, 'USER_NOT_FOUND');
  for (const number of ['', '12x', '1234567890123456', '٣٥٨', '++1']) {
    assertFails(await runBchf('lookup', number), 2, 'BCHF_NUMBER_MALFORMED');
  }
});

test('lookup --explain tells what was considered, why it wins, and what is not known', async () => {
  const entries = entriesFile(
    'explained.csv',
    'ported,msisdn,358401234567,,a',
    'fragmented,msisdn,358401234500,358401234599,a',
    'prefix,msisdn,3584,,a',
  );
  const out = fileIn('explained.bchf');
  assert.equal((await build(entries, out)).code, 0);
  const lookup = ['lookup', '358401234567', '--explain', '--snapshot', out];
  const { code, stdout } = await runBchf(...lookup);
  assert.equal(code, 0);
  const considered = stdout.slice(stdout.indexOf('considered'));
  assert.equal(
    considered,
    `considered, the winner first:
  1. ported 358401234567 → a (12 digits matched)
     wins: ported numbers come before runs and prefixes
     shadows: fragmented 358401234500 to 358401234599
     set by: height and transaction unknown
  2. fragmented 358401234500 to 358401234599 → a (12 digits matched)
     loses: ported numbers come before runs
     shadows: prefix 3584
     set by: height and transaction unknown
  3. prefix 3584 → a (4 digits matched)
     loses: ported numbers come before prefixes
     set by: height and transaction unknown
`,
  );
});

test('lookup --explain says how many runs it leaves out', async () => {
  const nest = Array.from({ length: 67 }, (_, at) => {
    return `fragmented,msisdn,${358401230000 + at},${358401239999 - at},a`;
  });
  const out = fileIn('nested.bchf');
  assert.equal((await build(entriesFile('nested.csv', ...nest), out)).code, 0);
  const { stdout } = await runBchf('lookup', '358401235000', '--explain', '--snapshot', out);
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.at(-1), '  left out: 3 runs around the outermost above');
  assert.match(lines.at(-4)!, /^ {2}64\. fragmented 358401230003 to 358401239996/);
});

test('the answer of another kind of server is not taken for not found, nor for nothing free', async () => {
  const answers: [number, string][] = [
    [200, '{}'],
    [200, 'null'],
    [200, '<html>'],
    [404, '{"error": "not found"}'],
    [500, '[]'],
  ];
  for (const [status, body] of answers) {
    const server = createServer((_, response) => response.writeHead(status).end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const propose = ['tx', 'propose', '--member', 'a', '--route', 'b'];
    for (const command of [['lookup', '1'], propose]) {
      assertFails(await runBchf(...command, '--server', url), 1, 'BCHF_SERVER_UNREACHABLE');
    }
    server.close();
  }
  assertFails(await runBchf('lookup', '1', '--server', 'nonsense'), 2, 'BCHF_CONFIG_INVALID');
});

test('lookup says why a server refuses', async () => {
  const problem = { status: 403, cause: 'REQUESTER_NOT_ALLOWED', detail: 'No rule allows it.' };
  const server = createServer((_, response) =>
    response.writeHead(403).end(JSON.stringify(problem)),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code, stderr } = await runBchf('lookup', '1', '--server', url);
  server.close();
  assert.equal(code, 1);
  assert.match(stderr, /REQUESTER_NOT_ALLOWED/);
});

test('snapshot build and inspect print the same manifest as JSON', async () => {
  const out = fileIn('other.bchf');
  const { stdout } = await build(fileIn('entries.csv'), out, '--json');
  const { manifest, lines } = JSON.parse(stdout);
  assert.equal(lines, 2);
  for (const quick of [[], ['--quick']]) {
    const inspected = await runBchf('snapshot', 'inspect', out, '--json', ...quick);
    assert.deepEqual(JSON.parse(inspected.stdout), manifest);
  }
});

test('input that cannot be read or is not valid ends a build with 1', async () => {
  const bad = entriesFile('bad.csv', 'ported,msisdn,x,,a');
  const out = fileIn('never.bchf');
  for (const entries of [bad, fileIn('missing.csv'), directory]) {
    assertFails(await build(entries, out), 1, 'BCHF_INPUT_INVALID');
  }
  const inNowhere = join(directory, 'no', 'such');
  assertFails(await build(fileIn('entries.csv'), inNowhere), 1, 'BCHF_SNAPSHOT_IO');
  assertFails(await runBchf('snapshot', 'inspect', routes), 1, 'BCHF_SNAPSHOT_INVALID');
  assertFails(await runBchf('snapshot', 'inspect', fileIn('none')), 1, 'BCHF_SNAPSHOT_IO');
});

test('a build that fails on a terminal ends', {
  skip: process.platform !== 'linux' && 'script(1) of util-linux gives the terminal',
}, async (context) => {
  const bad = entriesFile('bad on a terminal.csv', 'ported,msisdn,x,,a');
  const quoted = [
    process.execPath,
    fileURLToPath(new URL('./bchf-command.js', import.meta.url)),
    ...['snapshot', 'build', '--routes', routes, '--entries', bad, '--out', fileIn('never')],
  ].map((word) => `'${word}'`);
  const child = spawn('script', ['-qec', quoted.join(' '), '/dev/null'], { stdio: 'ignore' });
  const code = await new Promise<number | null | Error>((resolve) => {
    child.once('error', resolve);
    child.once('exit', resolve);
  });
  if (code instanceof Error) context.skip('there is no script(1)');
  else assert.equal(code, 1);
});
