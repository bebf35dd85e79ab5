// `bchf snapshot build | inspect`: snapshot files without a running server.

import type { Command } from 'commander';
import { servingOptions } from '../config.ts';
import { createLog } from '../log.ts';
import { buildSnapshot } from '../snapshot/build-snapshot.ts';
import { loadSnapshot, readManifest, type SnapshotManifest } from '../snapshot/snapshot-file.ts';
import { progressFor } from './serving.ts';

const defaults = servingOptions;

export function addSnapshotCommand(program: Command): void {
  const snapshot = program.command('snapshot').description('Build and inspect snapshot files.');
  snapshot
    .command('build')
    .description(
      'Build a snapshot from routes.json (an array of routes) and entries.csv (header ' +
        'entry,identity,from,to,route). Of several lines for one entry the last counts.',
    )
    .requiredOption('--routes <FILE>', 'routes.json')
    .requiredOption('--entries <FILE>', 'entries.csv')
    .requiredOption('--out <FILE>', 'the snapshot to write')
    .option('--skip-invalid', 'count lines that are not valid instead of failing at the first')
    .option('--json', 'print the result as JSON')
    .action(async ({ routes, entries, out, skipInvalid, json }) => {
      const log = createLog(defaults.logLevel.fallback, defaults.logFormat.fallback);
      const { manifest, lines, invalidCount, invalid } = await buildSnapshot({
        routesPath: routes,
        entriesPath: entries,
        outPath: out,
        skipInvalid: skipInvalid ?? false,
        nowMs: Date.now(),
        progress: progressFor(log),
      });
      if (json) {
        print({ out, lines, invalidCount, invalid, manifest });
        return;
      }
      for (const { line, reason } of invalid) {
        process.stderr.write(`skipped ${entries}:${line}: ${reason}\n`);
      }
      const skipped = invalidCount > 0 ? `, ${invalidCount} skipped as not valid` : '';
      process.stdout.write(`${out}: ${lines} lines read${skipped}\n${describe(manifest)}`);
    });
  snapshot
    .command('inspect')
    .description('Show what a snapshot holds, after checking every byte of it.')
    .argument('<FILE>', 'the snapshot')
    .option('--quick', 'check only its manifest')
    .option('--json', 'print the manifest as JSON')
    .action(async (file: string, { quick, json }) => {
      const manifest = quick ? await readManifest(file) : (await loadSnapshot(file)).manifest;
      if (json) print(manifest);
      else process.stdout.write(describe(manifest));
    });
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function describe(manifest: SnapshotManifest): string {
  const { chainId, height, blockHash, createdAtMs, routeCount, entryCounts, sections } = manifest;
  const rows = [
    ['chain', chainId ?? 'none: not made from a ledger'],
    ['height', String(height)],
    ['block hash', blockHash.toUpperCase()],
    ['created', new Date(createdAtMs).toISOString()],
    ['routes', String(routeCount)],
    ...Object.entries(entryCounts).map(([identity, counts]) => [
      identity,
      Object.entries(counts)
        .map(([entry, count]) => `${count} ${entry}`)
        .join(', '),
    ]),
    ...sections.map(({ name, bytes, sha256 }) => [
      `section ${name}`,
      `${bytes} bytes, sha-256 ${sha256}`,
    ]),
  ];
  return `${rows.map(([name, value]) => `${name?.padEnd(16)}${value}`).join('\n')}\n`;
}
