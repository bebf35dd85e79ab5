// `bchf demo` as people run it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const COMMAND = fileURLToPath(new URL('./demo-process.js', import.meta.url));

function startDemo(...args: string[]) {
  const child = spawn(process.execPath, [COMMAND, 'demo', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', errors: '' };
  child.stdout.on('data', (chunk) => {
    said.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.errors += chunk;
  });
  return { child, said, closed: once(child, 'close') as Promise<[number | null]> };
}

test('the demo prints the messages of a flow, and a core that is kept ends when it is told to', async () => {
  const { child, said, closed } = startDemo(
    ...['--generation', '4g', '--flow', 'first BCHF is down', '--keep'],
  );
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('  curl -H')) break;
  }
  assert.match(said.out, /1 flow in 4G names: all as written/);
  assert.deepEqual(wrongLines(said.out), []);
  const [, name, value, url] = /curl -H '([^:]+): ([^']+)' '([^']+)'/.exec(said.out)!;
  const told = await fetch(url!, { headers: { [name!]: value!, connection: 'close' } });
  assert.equal(told.status, 200, 'what is printed to try works');
  const pids = [...said.out.matchAll(/process (\d+)/g)].map(([, pid]) => Number(pid));
  assert.equal(pids.length, 8);
  for (const pid of pids) assert.ok(isRunning(pid));
  child.kill('SIGINT');
  const [code] = await closed;
  assert.equal(code, 0, said.errors);
  for (const pid of pids) assert.equal(isRunning(pid), false);
});

/** Lines of the flow that are not as they should be. */
function wrongLines(out: string): string[] {
  const lines = out.split('\n');
  const begin = lines.findIndex((line) => line.startsWith('Figure 7: the first BCHF is down'));
  const messages = lines.slice(begin + 1).map((line) => line.slice(11));
  const fits = [
    /^UE \d{15} +→ MME operator-a +Attach Request$/,
    /^MME operator-a +→ dead BCHF \(Nbchf\) +GET \/nbchf-routing\/v1\/routing-info\/imsi-\d{15}$/,
    /^MME operator-a +← dead BCHF \(Nbchf\) +unreachable$/,
    /^MME operator-a +→ BCHF \(Nbchf\) +GET \/nbchf-routing\/v1\/routing-info\/imsi-\d{15}$/,
    /^MME operator-a +← BCHF \(Nbchf\) +200 OK: HSS operator-b, user data at 5001$/,
    /^MME operator-a +→ HSS operator-b +Update-Location-Request \(ULR\)$/,
    /^HSS operator-b +\(user data of \d{15} found at place 5001\)$/,
    /^HSS operator-b +\(the credential is good\)$/,
    /^MME operator-a +← HSS operator-b +2001 DIAMETER_SUCCESS$/,
    /^UE \d{15} +← MME operator-a +Attach Accept$/,
    /^Attach Accept$/,
  ];
  return fits.flatMap((pattern, at) => {
    const message = messages[at] ?? '';
    return pattern.test(message) ? [] : [`${message}, not ${pattern}`];
  });
}

test('a flow that is not there is a wrong command line', async () => {
  const { said, closed } = startDemo('--flow', 'no such flow');
  assert.equal((await closed)[0], 2);
  assert.match(said.errors, /BCHF_CONFIG_INVALID/);
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
