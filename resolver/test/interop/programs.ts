// Programs of other projects that the interop tests and benches run where they are installed, and
// processes of theirs that end with the test.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian puts servers; not in the PATH of every user. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];
/** What a program says of itself that is kept for a failure. */
const OUTPUT_BYTES_MAX = 4096;

/** The path of an installed program, or `undefined`. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SERVER_FOLDERS];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** For `test(name, { skip: unlessInstalled('dig') }, …)`: the reason to skip, or false. */
export function unlessInstalled(...names: string[]): string | false {
  const missing = names.filter((name) => findProgram(name) === undefined);
  return missing.length > 0 && `not installed: ${missing.join(', ')}`;
}

export interface RunningProgram {
  readonly pid: number;
  /** What is wrong where it has ended, with what it last said; `undefined` while it runs. */
  fault(): string | undefined;
  /** Asks it to end, insists after two seconds, and resolves when it has. */
  stop(): Promise<void>;
}

/** How long a program may take to end before it is killed. */
const STOP_MS_MAX = 2000;

/** Starts a program in the foreground; it is killed when this process exits. */
export function startProgram(command: string, args: readonly string[]): RunningProgram {
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let fault: string | undefined;
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString('latin1')).slice(-OUTPUT_BYTES_MAX);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      fault = `${command} cannot be started: ${error.message}`;
      resolve();
    });
    child.once('exit', (code, signal) => {
      fault ??= `${command} ended with ${code ?? signal}: ${output}`;
      resolve();
    });
  });
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  return {
    pid: child.pid ?? 0,
    fault: () => fault,
    async stop() {
      process.off('exit', killAtExit);
      if (fault !== undefined) return;
      child.kill('SIGTERM');
      const insisting = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
      await ended;
      clearTimeout(insisting);
    },
  };
}

export interface ProgramResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end; it is killed after `timeoutMs`. */
export async function runProgram(
  command: string,
  args: readonly string[],
  { timeoutMs = 120_000, input = '' } = {},
): Promise<ProgramResult> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: timeoutMs });
  const result: ProgramResult = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    result.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    result.stderr += chunk;
  });
  child.stdin.end(input);
  [result.code] = (await once(child, 'close')) as [number | null];
  return result;
}

/** A process and all that descend from it. Linux only. */
export function processTree(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  const below = children.split(' ').filter((child) => child !== '');
  return [pid, ...below.flatMap((child) => processTree(Number(child)))];
}

/** Memory of processes: what is theirs alone and their share of the rest. Linux only. */
export function residentBytesOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
    return sum + Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
  }, 0);
}
