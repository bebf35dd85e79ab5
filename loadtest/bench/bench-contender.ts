// Servers that a UDP bench measures one beside the other, each a process of its own that is pinned to
// one core: the resolver, NSD, Knot DNS, and echoes that show what the machine can do at all.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { findProgram, processTree } from '../../resolver/test/interop/programs.ts';
import type { Endpoint } from '../../resolver/udp/socket-address.ts';

/** A server under measurement. While another is measured it is idle. */
export interface Contender {
  server: Endpoint;
  /** Of its first process. */
  pid: number;
  stop(): Promise<unknown>;
}

/** In place of a contender: why it does not take part. */
export interface Absent {
  absent: string;
}

export const HOST = '127.0.0.1';
/** The core of the servers; the generator has the next one, where there is one. */
const SERVER_CORE = 0;

const source = fileURLToPath(new URL('../../../loadtest/bench/bench-echo.c', import.meta.url));
const nodeEcho = fileURLToPath(new URL('./bench-echo-process.js', import.meta.url));

/** Puts a server's processes with their threads on its core; what they start later stays there. */
export function pinServer(pid: number): void {
  for (const process of processTree(pid)) pin(process, SERVER_CORE);
}

/** Puts this process on the other core; what is returned lets it go again. */
export function pinGenerator(): () => void {
  const cores = availableParallelism();
  pin(process.pid, Math.min(1, cores - 1));
  return () => pin(process.pid, `0-${cores - 1}`);
}

/** Does nothing where there is no `taskset`; the figures then have a wider spread. */
function pin(pid: number, cores: number | string): void {
  const taskset = findProgram('taskset');
  if (taskset === undefined) return;
  execFileSync(taskset, ['-a', '-p', '-c', String(cores), String(pid)], { stdio: 'ignore' });
}

/** An echo of recvmmsg and sendmmsg in C, compiled now. */
export async function startEchoInC(): Promise<Contender | Absent> {
  const compiler = findProgram('cc');
  if (compiler === undefined) return { absent: 'no C compiler (cc) is installed' };
  const folder = mkdtempSync(join(tmpdir(), 'bchf-echo-'));
  const program = join(folder, 'echo');
  execFileSync(compiler, ['-O2', '-o', program, source]);
  const echo = await startEcho(program, []);
  rmSync(folder, { recursive: true });
  return echo;
}

/** An echo with Node's own `dgram`. */
export function startEchoInNode(): Promise<Contender> {
  return startEcho(process.execPath, [nodeEcho]);
}

/** Starts an echo, which prints its port. */
async function startEcho(command: string, args: readonly string[]): Promise<Contender> {
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill('SIGKILL'));
  const [line] = await once(createInterface({ input: child.stdout! }), 'line');
  pinServer(child.pid!);
  const ended = once(child, 'exit');
  return {
    server: { address: HOST, port: Number(line) },
    pid: child.pid!,
    stop: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}
