// `npm test`: sets up what is missing, then runs every test with Node's own runner.
//
//   npm test                       all tests
//   npm test -- ledger enum        only test files whose path contains one of the words
//   npm test -- -bench-            all but those whose path contains the word behind the minus
//   npm run test:slow              the long suites, `*.slow.js`, by hand
//
// BCHF_TEST_SEED=<number> repeats a random run: each random test prints its seed.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { root, setUp } from './setup.mjs';

setUp();

const all = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const words = all.filter((word) => !word.startsWith('-'));
const leftOut = all.filter((word) => word.startsWith('-')).map((word) => word.slice(1));
const ending = process.argv.includes('--slow') ? '.slow.js' : '.test.js';
const files = readdirSync(join(root, 'dist'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
  .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .filter((file) => !leftOut.some((word) => file.includes(word)))
  .sort();
if (files.length === 0) {
  process.stderr.write('No test file fits.\n');
  process.exit(1);
}

const result = spawnSync(
  process.execPath,
  [
    '--test',
    // Node would leave one core unused, which with two means one file after the other.
    `--test-concurrency=${availableParallelism()}`,
    // A file that does not end, with a socket that a failed test has left open, is a failure and no wait.
    ...(process.argv.includes('--slow') ? [] : ['--test-timeout=300000']),
    '--test-reporter=spec',
    '--enable-source-maps',
    ...files,
  ],
  { cwd: root, stdio: 'inherit' },
);
process.exit(result.status ?? 1);
