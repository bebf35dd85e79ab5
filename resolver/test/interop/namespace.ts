// Programs that read /etc/resolv.conf and ask port 53 get a network and a mount namespace of their
// own: a loopback interface where every port is free, and a resolv.conf that names it.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, type ProgramResult, runProgram } from './programs.ts';

const UNSHARE = ['--net', '--mount'];

/** For `test(name, { skip: … })`: why namespaces cannot be had here, or false. */
export function unlessNamespaces(): string | false {
  if (findProgram('unshare') === undefined || findProgram('ip') === undefined) {
    return 'not installed: unshare and ip';
  }
  const tried = spawnSync('unshare', [...UNSHARE, 'true']);
  return tried.status !== 0 && 'namespaces are not permitted to this user';
}

/** Runs a compiled file of this folder in namespaces of its own. */
export function runInNamespace(file: URL, args: readonly string[]): Promise<ProgramResult> {
  return runProgram('unshare', [...UNSHARE, process.execPath, file.pathname, ...args], {
    timeoutMs: 60_000,
  });
}

/** In the namespaces: brings loopback up and makes it the only name server. */
export function prepareNamespace(): void {
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  const file = join(mkdtempSync(join(tmpdir(), 'bchf-namespace-')), 'resolv.conf');
  writeFileSync(file, 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
  execFileSync('mount', ['--bind', file, '/etc/resolv.conf']);
}
