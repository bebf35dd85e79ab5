// `npm run bench -- NAME [--quick] …`: sets up what is missing, then runs one bench.
//
// A bench is a file NAME.ts in the `bench/` of any folder; files named bench-… are what benches share.
// It prints a table for people and, as its last line, one JSON object {"bench", "figures", "env"}.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setUp } from './setup.mjs';

setUp();

const benches = new Map();
for (const folder of ['wasm', 'ledger', 'resolver', 'loadtest']) {
  const benchFolder = join(root, 'dist', folder, 'bench');
  let files = [];
  try {
    files = readdirSync(benchFolder);
  } catch {
    continue; // A folder need not have benches.
  }
  for (const file of files) {
    if (file.endsWith('.js') && !file.startsWith('bench-'))
      benches.set(file.slice(0, -3), join(benchFolder, file));
  }
}

const [name, ...rest] = process.argv.slice(2);
const file = benches.get(name);
if (!file) {
  process.stderr.write(
    `usage: npm run bench -- NAME [--quick]\nbenches: ${[...benches.keys()].join(', ') || 'none'}\n`,
  );
  process.exit(name === undefined || name === '--help' ? 0 : 2);
}
process.argv.splice(2, process.argv.length, ...rest);
await import(pathToFileURL(file).href);
