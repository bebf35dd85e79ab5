// The zones file of a running process: read again when it changes, kept where it does not fit.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createLog, type Log } from '../../log.ts';
import { EnumConfiguration } from '../enum-configuration.ts';

const log = createLog('silent', 'json');
const DAY_MS = 24 * 3600 * 1000;
let folder: string;
let nowMs = 0;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bchf-enum-'));
});
after(() => rm(folder, { recursive: true }));

function open(enumZones: string): Promise<EnumConfiguration> {
  const source = { enumZones, enumSuffix: 'e164.arpa', enumNameServer: 'ns.example.org' };
  return EnumConfiguration.open(source, log, () => nowMs);
}

function fileOf(suffix: string, more: object = {}): string {
  return JSON.stringify({ zones: [{ suffix, nameServers: ['ns.example.org'] }], ...more });
}

test('a file that changes is read again; one that does not fit changes nothing', async () => {
  const path = join(folder, 'zones.json');
  await writeFile(path, fileOf('a.example'));
  const configuration = await open(path);
  assert.equal(configuration.settings.zones[0]!.suffix, 'a.example');
  assert.equal(await configuration.look(), false);
  await writeFile(path, fileOf('longer.example'));
  assert.equal(await configuration.look(), true);
  assert.equal(configuration.settings.zones[0]!.suffix, 'longer.example');
  await writeFile(path, '{');
  assert.equal(await configuration.look(), false);
  await rm(path);
  assert.equal(await configuration.look(), false);
  assert.equal(configuration.settings.zones[0]!.suffix, 'longer.example');
});

test('a drawn key of cookies is renewed after a day and accepted for another', async () => {
  const configuration = await open('');
  const [first] = configuration.settings.cookieSecrets;
  nowMs += DAY_MS - 1;
  assert.equal(await configuration.look(), false);
  nowMs += 1;
  assert.equal(await configuration.look(), true);
  const [second, accepted] = configuration.settings.cookieSecrets;
  assert.notEqual(second, first);
  assert.equal(accepted, first);
  nowMs += DAY_MS;
  await configuration.look();
  assert.equal(configuration.settings.cookieSecrets[1], second);
  assert.equal(configuration.settings.cookieSecrets.length, 2);
});

test('a drawn key is renewed while the file does not fit, and the fault is told once', async () => {
  const path = join(folder, 'broken.json');
  await writeFile(path, fileOf('a.example'));
  const faults: string[] = [];
  const source = { enumZones: path, enumSuffix: 'e164.arpa', enumNameServer: 'ns.example.org' };
  const telling = {
    ...log,
    info: () => {},
    error: (_: unknown, text: string) => faults.push(text),
  };
  const configuration = await EnumConfiguration.open(
    source,
    telling as unknown as Log,
    () => nowMs,
  );
  const [first] = configuration.settings.cookieSecrets;
  for (const broken of ['{', fileOf('e164.arpa', { rateLimit: { slip: 11 } })]) {
    faults.length = 0;
    await writeFile(path, broken);
    for (let look = 0; look < 3; look++) assert.equal(await configuration.look(), false);
    assert.equal(faults.length, 1);
  }
  nowMs += DAY_MS;
  assert.equal(await configuration.look(), true);
  assert.equal(configuration.settings.cookieSecrets[1], first);
  assert.equal(configuration.settings.zones[0]!.suffix, 'a.example');
  await rm(path);
  for (let look = 0; look < 3; look++) assert.equal(await configuration.look(), false);
  assert.equal(faults.length, 2);
  await writeFile(path, fileOf('mended.example'));
  assert.equal(await configuration.look(), true);
  assert.equal(configuration.settings.zones[0]!.suffix, 'mended.example');
});

test('keys of cookies in the file are used as they are', async () => {
  const path = join(folder, 'secrets.json');
  const secrets = ['0123456789abcdef0123456789abcdef', 'f'.repeat(32)];
  await writeFile(path, fileOf('a.example', { cookies: { secrets } }));
  const configuration = await open(path);
  assert.deepEqual(configuration.settings.cookieSecrets, secrets);
  nowMs += DAY_MS;
  await configuration.look();
  assert.deepEqual(configuration.settings.cookieSecrets, secrets);
});

test('at the start a file that is missing or does not fit is BCHF_CONFIG_INVALID', async () => {
  const path = join(folder, 'bad.json');
  await writeFile(path, fileOf('e164.arpa', { rateLimit: { slip: 11 } }));
  for (const file of [path, join(folder, 'missing.json')]) {
    await assert.rejects(open(file), { code: 'BCHF_CONFIG_INVALID' });
  }
});
