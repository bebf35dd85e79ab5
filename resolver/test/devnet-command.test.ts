// `bchf devnet` as people start and stop it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runBchf } from './bchf-process.ts';

const COMMAND = fileURLToPath(new URL('./bchf-command.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'bchf-devnet-command-'));
const data = join(directory, 'devnet');
after(() => rmSync(directory, { recursive: true }));

interface Described {
  id: string;
  pid: number;
  ports: { http: number; ledger: number };
}

interface Ended {
  code: number | null;
  errors: string;
}

/** Starts it, lets `use` see what it says, and ends all of its group as a terminal does. */
async function withDevnet(
  use: (nodes: Described[]) => Promise<void>,
  signal: NodeJS.Signals = 'SIGINT',
): Promise<Ended> {
  const argv = [COMMAND, 'devnet', '--members', '2', '--data', data, '--json'];
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  const child = spawn(process.execPath, argv, { stdio: [...stdio], detached: true });
  let errors = '';
  child.stderr!.on('data', (chunk) => {
    errors += chunk;
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const lines = createInterface({ input: child.stdout! });
  const [line] = await Promise.race([once(lines, 'line') as Promise<[string]>, exited]);
  assert.equal(typeof line, 'string', errors);
  await use(JSON.parse(line as string).nodes);
  process.kill(-child.pid!, signal);
  const [code] = await exited;
  return { code, errors };
}

async function heightOf({ ports }: Described): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${ports.ledger}/ledger/v1/status`);
  return ((await response.json()) as { height: number }).height;
}

function isRunning({ pid }: Described): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a devnet starts, ends without a process left however it ends, and goes on where it was', async () => {
  let nodes: Described[] = [];
  let height = 0;
  const { code, errors } = await withDevnet(async (described) => {
    nodes = described;
    assert.deepEqual(
      nodes.map(({ id }) => id),
      ['member-1', 'member-2'],
    );
    height = await heightOf(nodes[1]!);
    assert.ok(height > 0);
  });
  assert.equal(code, 0);
  assert.deepEqual(nodes.filter(isRunning), []);
  for (const member of ['member-1', 'member-2']) {
    assert.match(errors, new RegExp(`${member} .* stopped\n`), errors);
  }
  await withDevnet(async (again) => {
    for (const node of again) assert.equal(await heightOf(node), height);
    nodes = again;
  }, 'SIGKILL');
  // Nobody tells the nodes to stop: they have no parent any longer, and end by themselves.
  for (const untilMs = Date.now() + 60_000; nodes.some(isRunning) && Date.now() < untilMs; ) {
    await sleep(50);
  }
  assert.deepEqual(nodes.filter(isRunning), []);
});

test('a devnet of another size, and a size that is none, are refused', async () => {
  const start = (members: string) => runBchf('devnet', '--members', members, '--data', data);
  const [other, none, many] = await Promise.all([start('3'), start('0'), start('17')]);
  assert.equal(other.code, 1);
  assert.match(other.stderr, /BCHF_DEVNET_FAILED/);
  assert.equal(none.code, 2);
  assert.equal(many.code, 2);
});
