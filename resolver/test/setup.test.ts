// The set-up of a clone, with an npm that only writes down when it was called.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';

const setup = new URL('../../../resolver/bin/setup.mjs', import.meta.url);
let clone: string;

before(() => {
  clone = mkdtempSync(join(tmpdir(), 'bchf-setup-'));
  mkdirSync(join(clone, 'resolver', 'bin'), { recursive: true });
  copyFileSync(setup, join(clone, 'resolver', 'bin', 'setup.mjs'));
  for (const file of ['tsconfig.json', 'package-lock.json']) writeFileSync(join(clone, file), '{}');
  mkdirSync(join(clone, 'path'));
  makeNpm(0.2);
});
after(() => rmSync(clone, { recursive: true, force: true }));

/** An npm that takes so long. */
function makeNpm(seconds: number): void {
  const npm = join(clone, 'path', 'npm');
  writeFileSync(
    npm,
    `#!/bin/sh\necho begin >> log\nsleep ${seconds}\nmkdir -p node_modules\necho end >> log\n`,
  );
  chmodSync(npm, 0o755);
}

function setUp(...options: string[]): ChildProcess {
  const PATH = [join(clone, 'path'), process.env.PATH].join(delimiter);
  const file = join(clone, 'resolver', 'bin', 'setup.mjs');
  return spawn(process.execPath, [...options, file, '--dependencies'], {
    env: { ...process.env, PATH },
    stdio: 'ignore',
  });
}

async function allDone(processes: readonly ChildProcess[]): Promise<void> {
  const codes = await Promise.all(processes.map(async (one) => (await once(one, 'exit'))[0]));
  assert.deepEqual(
    codes,
    processes.map(() => 0),
  );
}

const log = () => readFileSync(join(clone, 'log'), 'utf8').trim().split('\n');

test('of commands that begin in a fresh clone at once, one installs and the others wait for it', {
  skip: process.platform === 'win32' && 'the npm of this test is a shell script',
}, async () => {
  await allDone([setUp(), setUp(), setUp()]);
  assert.deepEqual(log(), ['begin', 'end']);
  assert.ok(!existsSync(join(clone, 'dist', '.setup-lock')));
});

test('a set-up that was killed does not keep the next one waiting', {
  skip: process.platform === 'win32' && 'the npm of this test is a shell script',
}, async () => {
  const ended = spawn(process.execPath, ['-e', '']);
  await once(ended, 'exit');
  writeFileSync(join(clone, 'dist', '.setup-lock'), String(ended.pid));
  writeFileSync(join(clone, 'package-lock.json'), '{"changed": true}');
  await allDone([setUp()]);
  assert.deepEqual(log(), ['begin', 'end', 'begin', 'end']);
});

test('of those that find the lock of a killed set-up at once, one has it', {
  skip: process.platform === 'win32' && 'the npm of this test is a shell script',
}, async () => {
  const ended = spawn(process.execPath, ['-e', '']);
  await once(ended, 'exit');
  writeFileSync(join(clone, 'dist', '.setup-lock'), String(ended.pid));
  writeFileSync(join(clone, 'package-lock.json'), '{"changed": "again"}');
  rmSync(join(clone, 'log'));
  makeNpm(2);
  // Each takes its time between finding the lock and removing it, the second longer than the first.
  const slowly = [500, 1_200].map((delayMs) => {
    const patch = `import fs from 'node:fs';
      import { syncBuiltinESMExports } from 'node:module';
      const { rmSync } = fs;
      fs.rmSync = (path, options) => {
        if (path.endsWith('.setup-lock')) {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${delayMs});
        }
        rmSync(path, options);
      };
      syncBuiltinESMExports();`;
    return `--import=data:text/javascript,${encodeURIComponent(patch)}`;
  });
  await allDone(slowly.map((option) => setUp(option)));
  assert.deepEqual(log(), ['begin', 'end']);
});
