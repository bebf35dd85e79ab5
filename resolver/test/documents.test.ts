// Documents that list what the sources hold say the same as the sources.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { environmentName, startOptions } from '../config.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

function sources(): string[] {
  return ['wasm', 'ledger', 'resolver', 'loadtest', 'examples'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
      .filter((file) => !/[\\/]test[\\/]/.test(file))
      .map((file) => readFileSync(file, 'utf8')),
  );
}

function distinct(values: Iterable<string>): string[] {
  return [...new Set(values)].sort();
}

test('docs/errors.md lists every error code of the sources and no other', () => {
  const quoted = sources().flatMap((text) =>
    [...text.matchAll(/'(BCHF_[A-Z_]+)'/g)].map((match) => match[1]!),
  );
  const environment = new Set([
    ...Object.keys(startOptions).map(environmentName),
    'BCHF_SERVER',
    'BCHF_ADMIN',
  ]);
  const codes = distinct(quoted.filter((name) => !environment.has(name)));
  const document = readFileSync(join(root, 'docs', 'errors.md'), 'utf8');
  const listed = [...document.matchAll(/^\| `(BCHF_[A-Z_]+)`/gm)].map((match) => match[1]!);
  assert.ok(codes.length > 40, 'codes were found');
  assert.deepEqual(distinct(listed), codes);
  assert.equal(listed.length, new Set(listed).size, 'no code is listed twice');
});

test('README.md names the two commands as package.json has them', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const name of ['start', 'test']) {
    assert.ok(readme.includes(`npm ${name}`));
    assert.ok(scripts[name]);
  }
});
