// Documents that list what the sources hold say the same as the sources.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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

/** Documents for people: those of the root, of docs/ and of examples/. */
function documents(): string[] {
  const inFolder = (folder: string, recursive: boolean) =>
    readdirSync(join(root, folder), { recursive, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  return [...inFolder('.', false), ...inFolder('docs', true), ...inFolder('examples', true)];
}

/** A document without its blocks of code, in which brackets and hashes mean something else. */
function proseOf(file: string): string {
  return readFileSync(file, 'utf8').replace(/^\s*```[\s\S]*?^\s*```/gm, '');
}

/** The fragments by which a document's headings are linked to, as GitHub makes them. */
function fragmentsOf(file: string): Set<string> {
  const headings = [...proseOf(file).matchAll(/^#+ (.*)$/gm)].map((match) => match[1]!);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_\- ]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

test('every link of a document leads to a file, and to a heading in it where it names one', () => {
  let links = 0;
  const broken = documents().flatMap((file) =>
    [...proseOf(file).matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1]!)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        links += 1;
        const [path, fragment] = target.split('#') as [string, string?];
        const goal = path === '' ? file : join(dirname(file), path);
        if (!existsSync(goal)) return true;
        return fragment !== undefined && !fragmentsOf(goal).has(fragment);
      })
      .map((target) => `${file.slice(root.length)}: ${target}`),
  );
  assert.ok(links > 100, 'links were found');
  assert.deepEqual(broken, []);
});
