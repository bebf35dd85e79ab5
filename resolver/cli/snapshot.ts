// `bchf snapshot build | inspect | verify`: snapshot files without a running server. What a running one is
// asked for is in snapshot-admin.

import { type Command, Option } from 'commander';
import {
  STATE_PROOF_CHARACTERS_MAX,
  type VouchedState,
  verifyStateProof,
  verifyStateProofFile,
} from '../../ledger/proof/state-proof.ts';
import { openProverAt, storedStateProof } from '../../ledger/proof/stored-proof.ts';
import { servingOptions } from '../config.ts';
import { createLog } from '../log.ts';
import { readMemberKey } from '../node-client.ts';
import { ResolverError } from '../resolver-error.ts';
import { buildSnapshot } from '../snapshot/build-snapshot.ts';
import { COMPRESSIONS } from '../snapshot/compression.ts';
import { loadSnapshot, readManifest, type SnapshotManifest } from '../snapshot/snapshot-file.ts';
import { verifySnapshot } from '../snapshot/verify-snapshot.ts';
import {
  inStore,
  printFields,
  readTextAtMost,
  readTrust,
  trustOf,
  withLedgerOptions,
} from './ledger-store.ts';
import { progressFor } from './serving.ts';
import { addSnapshotAdminCommands } from './snapshot-admin.ts';
import { addSnapshotFetchCommand } from './snapshot-fetch.ts';

const defaults = servingOptions;

export function addSnapshotCommand(program: Command): void {
  const snapshot = program
    .command('snapshot')
    .description('Build, inspect, verify and compare snapshots, and swap them in.');
  snapshot
    .command('build')
    .description(
      'Build a snapshot from routes.json (an array of routes) and entries.csv (header ' +
        'entry,identity,from,to,route). Of several lines for one entry the last counts.',
    )
    .requiredOption('--routes <FILE>', 'routes.json')
    .requiredOption('--entries <FILE>', 'entries.csv')
    .requiredOption('--out <FILE>', 'the snapshot to write')
    .addOption(
      new Option('--compression <FORM>', 'of the file; zstd where Node has it')
        .choices(COMPRESSIONS)
        .default('none'),
    )
    .option('--snapshot-key <FILE>', 'key of a member (as of bchf tx) that signs the file')
    .option('--skip-invalid', 'count lines that are not valid instead of failing at the first')
    .option('--json', 'print the result as JSON')
    .action(async ({ routes, entries, out, compression, snapshotKey, skipInvalid, json }) => {
      const key = snapshotKey === undefined ? undefined : await readMemberKey(snapshotKey);
      const log = createLog(defaults.logLevel.fallback, defaults.logFormat.fallback);
      const { manifest, lines, invalidCount, invalid } = await buildSnapshot({
        routesPath: routes,
        entriesPath: entries,
        outPath: out,
        skipInvalid: skipInvalid ?? false,
        writing: { compression, creatorKey: key?.privateKey },
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
  withLedgerOptions(
    snapshot
      .command('verify')
      .description(
        'Prove a snapshot against the chain: every entry and route is hashed and compared with what ' +
          'the next block vouches for. The block comes from a data directory, or from a proof.',
      )
      .argument('<FILE>', 'the snapshot')
      .option('--proof <FILE>', 'of the state (bchf ledger prove-state), in place of --data')
      .option(
        '--validators <FILE>',
        'whom to trust (default: the keys with which the ledger of --data makes its blocks)',
      ),
  ).action(async (file: string, { data, proof, validators, json }) => {
    const content = await loadSnapshot(file);
    const vouched =
      proof === undefined
        ? await vouchedByLedger(data, content.manifest, validators)
        : await vouchedByProof(proof, validators);
    verifySnapshot(content, vouched);
    const { height, chainId } = vouched;
    const entries = Object.values(content.manifest.entryCounts)
      .flatMap((counts) => Object.values(counts))
      .reduce((sum, count) => sum + count, 0);
    const routes = content.routes.length;
    printFields(
      json
        ? { isProven: true, chainId, height, entries, routes }
        : { proven: `block ${height} of ${chainId}`, entries, routes },
      json,
    );
  });
  addSnapshotAdminCommands(snapshot);
  addSnapshotFetchCommand(snapshot);
}

/** The state of a snapshot's block as a ledger vouches for it. */
export function vouchedByLedger(
  data: string,
  { height, state }: SnapshotManifest,
  validators: string | undefined,
): Promise<VouchedState> {
  return inStore(data, async (open) => {
    const trust = await trustOf(open, validators);
    // The state's roots prove themselves, wherever they come from; without them the state is needed.
    const proof = state
      ? await storedStateProof(open.store, height, Buffer.from(state, 'base64'))
      : (await openProverAt(open.store, height, trust)).state();
    return rightOrThrow(verifyStateProof(proof, trust.validators, trust.chainId), data);
  });
}

async function vouchedByProof(
  proof: string,
  validators: string | undefined,
): Promise<VouchedState> {
  if (validators === undefined) {
    throw new ResolverError('BCHF_CONFIG_INVALID', '--proof needs --validators');
  }
  const trust = await readTrust(validators);
  const text = await readTextAtMost(proof, STATE_PROOF_CHARACTERS_MAX);
  return rightOrThrow(verifyStateProofFile(text, trust.validators, trust.chainId), proof);
}

function rightOrThrow(verdict: ReturnType<typeof verifyStateProof>, source: string): VouchedState {
  if (!('fault' in verdict)) return verdict;
  throw Object.assign(new Error(`${source} proves nothing`), { code: verdict.fault });
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function describe(manifest: SnapshotManifest): string {
  const { chainId, height, blockHash, createdAtMs, routeCount, entryCounts, sections } = manifest;
  const { formatVersion, creator, manifestHash } = manifest;
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
    ['format', `version ${formatVersion}`],
    ['creator', creator ?? 'not signed'],
    ['sha-256', manifestHash],
    ...sections.map(({ name, bytes, contentBytes, compression }) => [
      `section ${name}`,
      compression === 'none'
        ? `${bytes} bytes`
        : `${bytes} bytes, ${compression} of ${contentBytes}`,
    ]),
  ];
  return `${rows.map(([name, value]) => `${name?.padEnd(16)}${value}`).join('\n')}\n`;
}
