// `bchf snapshot create | list | diff | swap | rollback | prune`: the snapshots of a running server, asked
// through its admin port; `list`, `diff` and `prune` work on files too.

import { readdir } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { AdminRefusal, type AdminServerOptions, askAdmin } from '../admin/admin-client.ts';
import { createLog } from '../log.ts';
import { ResolverError } from '../resolver-error.ts';
import { diffSnapshots } from '../snapshot/snapshot-diff.ts';
import { loadSnapshot } from '../snapshot/snapshot-file.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import type { SnapshotDiff, SwapResult } from '../snapshot/swap-answers.ts';
import { EXIT_NOT_FOUND } from './program.ts';
import {
  describeDiff,
  describeList,
  describeSwap,
  notesOn,
  type SnapshotList,
} from './snapshot-report.ts';

const API = '/admin/v1';
const SERVING = 'serving';

export interface AdminFlags {
  admin: string;
  tokenFile?: string;
  ca?: string;
  cert?: string;
  key?: string;
  json?: boolean;
}

export function addSnapshotAdminCommands(snapshot: Command): void {
  withAdmin(snapshot.command('create'))
    .description(
      'Have a running server write a snapshot of what it serves, and print its name. Exits with 3 where ' +
        'there is no block yet.',
    )
    .action(async (flags: AdminFlags) => {
      const answer = await ask<{ name: string | null; isNew: boolean }>(
        flags,
        'POST',
        'snapshots',
        {},
      );
      const { name, isNew } = answer;
      if (name === null) {
        tell(flags, answer, '', 'there is no block yet\n');
        process.exitCode = EXIT_NOT_FOUND;
      } else {
        tell(flags, answer, `${name}\n`, isNew ? '' : `${name} was there\n`);
      }
    });
  withAdmin(snapshot.command('list'))
    .description('List the snapshots of a running server, or of a directory, the newest first.')
    .option('--dir <DIR>', 'a directory instead of a server')
    .action(async (flags: AdminFlags & { dir?: string }) => {
      const list =
        flags.dir === undefined
          ? await ask<SnapshotList>(flags, 'GET', 'snapshots')
          : await listOf(flags.dir);
      tell(flags, list, describeList(list), notesOn(list));
    });
  withAdmin(snapshot.command('diff'))
    .description(
      'Show what differs between two snapshots: two files, or, with --admin or where one is ' +
        `"${SERVING}" (what the server serves), two names of the server's directory.`,
    )
    .argument('<FROM>', 'a file, or a name')
    .argument('<TO>', 'a file, or a name')
    .action(async (from: string, to: string, flags: AdminFlags, command: Command) => {
      const isServer =
        command.getOptionValueSource('admin') !== 'default' || [from, to].includes(SERVING);
      const query = new URLSearchParams({ from: nameOf(from), to: nameOf(to) });
      const diff = isServer
        ? await ask<SnapshotDiff>(flags, 'GET', `snapshots/diff?${query}`)
        : { from, to, ...(await diffFiles(from, to)) };
      tell(flags, diff, describeDiff(diff));
    });
  withAdmin(snapshot.command('swap'))
    .description(
      'Have a running server serve another snapshot of its directory, in every thread and without a ' +
        'failed lookup. It is verified and tried first; what changes too much, is older or of another ' +
        'chain must be forced.',
    )
    .argument('<FILE>', "the snapshot's file or name")
    .option('--dry-run', 'only tell what would change')
    .option('--force', 'swap even if it changes too much, is older or of another chain')
    .action(async (file: string, flags: AdminFlags & { dryRun?: boolean; force?: boolean }) => {
      const { dryRun, force } = flags;
      const wanted = { name: nameOf(file), ...(dryRun && { dryRun }), ...(force && { force }) };
      const result = await ask<SwapResult>(flags, 'POST', 'swap', wanted).catch((error) => {
        if (error instanceof AdminRefusal && error.problem.diff && !flags.json) {
          process.stdout.write(describeDiff(error.problem.diff as SnapshotDiff));
        }
        throw error;
      });
      tell(flags, result, describeSwap(result));
    });
  withAdmin(snapshot.command('rollback'))
    .description('Have a running server go back to what it served before the last swap.')
    .action(async (flags: AdminFlags) => {
      const result = await ask<SwapResult>(flags, 'POST', 'rollback', {});
      tell(flags, result, describeSwap(result));
    });
  withAdmin(snapshot.command('prune'))
    .description(
      'Delete all but the newest snapshots of a running server, or of a directory. What is served, and ' +
        'what a rollback leads to, stays.',
    )
    .requiredOption('--keep <N>', 'how many stay', readCount)
    .option('--dir <DIR>', 'a directory instead of a server')
    .action(async (flags: AdminFlags & { keep: number; dir?: string }) => {
      const { keep, dir } = flags;
      const answer =
        dir === undefined
          ? await ask<{ deleted: string[] }>(flags, 'POST', 'snapshots/prune', { keep })
          : { deleted: await pruneDirectory(dir, keep) };
      const lines = answer.deleted.map((name) => `deleted ${name}\n`).join('');
      tell(flags, answer, lines, lines === '' ? 'nothing to delete\n' : '');
    });
}

/** The options of everything that asks an admin port. */
export function withAdmin(command: Command): Command {
  return command
    .addOption(
      new Option('--admin <URL>', 'admin port of the server')
        .default('http://127.0.0.1:8081')
        .env('BCHF_ADMIN'),
    )
    .option('--token-file <FILE>', 'file with its token')
    .option('--ca <FILE>', 'PEM file of CAs for the server (default: those that Node knows)')
    .option('--cert <FILE>', 'PEM file of the client certificate')
    .option('--key <FILE>', 'PEM file of its private key')
    .option('--json', 'print the answer as JSON');
}

export function serverOf({ admin, tokenFile, ca, cert, key }: AdminFlags): AdminServerOptions {
  return { url: admin, tokenFile, ca, cert, key };
}

function ask<Answer>(
  flags: AdminFlags,
  method: string,
  resource: string,
  body?: unknown,
): Promise<Answer> {
  return askAdmin<Answer>(serverOf(flags), method, `${API}/${resource}`, body);
}

/** A server knows its snapshots by name; a path is one that is told for convenience. */
function nameOf(file: string): string {
  return file.includes('/') ? basename(file) : file;
}

function readCount(text: string): number {
  if (/^[1-9][0-9]{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('must be 1 to 9999');
}

async function diffFiles(from: string, to: string): Promise<SnapshotDiff> {
  const left = await loadSnapshot(from);
  return diffSnapshots(left, await loadSnapshot(to));
}

/** Throws BCHF_SNAPSHOT_IO where there is no such directory: it is no empty one. */
async function storeOf(directory: string): Promise<SnapshotStore> {
  await readdir(directory).catch((cause) => {
    const message = `cannot read ${directory}: ${cause.message}`;
    throw new ResolverError('BCHF_SNAPSHOT_IO', message, { cause });
  });
  return new SnapshotStore(resolve(directory), createLog('warn', 'text'));
}

async function listOf(directory: string): Promise<SnapshotList> {
  const { snapshots, damaged } = await (await storeOf(directory)).list();
  return {
    ...{ serving: null, previous: null, swap: null, damaged },
    snapshots: snapshots.map(({ name, bytes, manifest }) => ({
      name,
      height: manifest.height,
      createdAt: new Date(manifest.createdAtMs).toISOString(),
      bytes,
      entries: manifest.entryCounts,
      routes: manifest.routeCount,
      chainId: manifest.chainId ?? null,
    })),
  };
}

async function pruneDirectory(directory: string, keep: number): Promise<string[]> {
  const store = await storeOf(directory);
  const names = (await store.list()).snapshots.slice(keep).map(({ name }) => name);
  for (const name of names) await store.delete(name);
  return names;
}

/**
 * Prints what was asked for on standard output, which scripts read, and notes for people on
 * standard error. JSON has both.
 */
function tell(flags: AdminFlags, answer: unknown, text: string, notes = ''): void {
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(answer)}\n`);
    return;
  }
  process.stdout.write(text);
  process.stderr.write(notes);
}
