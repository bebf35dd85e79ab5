// The command `bchf` as a process of its own, as a test starts it.

import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The file to run with Node. */
export const BCHF_COMMAND = fileURLToPath(new URL('./bchf-command.js', import.meta.url));
const SHELL = fileURLToPath(new URL('./bchf-shell-process.js', import.meta.url));

export interface BchfResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end. */
export async function runBchf(...args: string[]): Promise<BchfResult> {
  const child = spawn(process.execPath, [BCHF_COMMAND, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const result: BchfResult = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    result.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    result.stderr += chunk;
  });
  [result.code] = (await once(child, 'close')) as [number | null];
  return result;
}

export interface BchfShell {
  /** Runs a command to its end, after those before it. */
  run(...args: string[]): Promise<BchfResult>;
  close(): void;
}

/** One process that runs many commands, for a test that would mostly wait for processes to start. */
export function openShell(): BchfShell {
  const child = fork(SHELL, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  let queue: Promise<unknown> = Promise.resolve();
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`the shell has ended with code ${code}`);
  });
  exited.catch(() => undefined);
  return {
    run(...args) {
      const result = queue.then(async () => {
        const answered = once(child, 'message') as Promise<[BchfResult]>;
        child.send(args);
        const [answer] = await Promise.race([answered, exited]);
        return answer;
      });
      queue = result.catch(() => undefined);
      return result;
    },
    close: () => child.disconnect(),
  };
}

export interface BchfServer {
  pid: number;
  ports: { http: number; batch: number; enum: number; pdb: number; sbi: number; admin: number };
  height: number;
  /** Asks it to stop and returns its exit code. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
}

/** For a command that serves: ports that the system chooses, whatever else runs on the machine. */
export const FREE_PORTS = [
  '--http-port',
  '--udp-port',
  '--pdb-port',
  '--enum-port',
  '--sbi-port',
  '--admin-port',
].flatMap((flag) => [flag, '0']);

/** Starts a command that serves, on free ports if it names none, without waiting for it. */
export function spawnServer(command: string, ...args: string[]): ChildProcess {
  return spawnWith([], command, args);
}

function spawnWith(nodeFlags: readonly string[], command: string, args: string[]): ChildProcess {
  const all = [...nodeFlags, BCHF_COMMAND, command, ...FREE_PORTS, '--json', ...args];
  return spawn(process.execPath, all, {
    // So that swaps get on beside other tests.
    env: { BCHF_SWAP_PRIORITY: 'normal', ...process.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Starts a command that serves and waits until it is ready. Fails with what it said otherwise. */
export function startServer(command: string, ...args: string[]): Promise<BchfServer> {
  return startServerWith([], command, ...args);
}

/** The same with flags of Node itself. */
export async function startServerWith(
  nodeFlags: readonly string[],
  command: string,
  ...args: string[]
): Promise<BchfServer> {
  const child = spawnWith(nodeFlags, command, args);
  let errors = '';
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const ready = await Promise.race([once(lines, 'line') as Promise<[string]>, exited]);
  if (typeof ready[0] !== 'string') throw new Error(`it ended with code ${ready[0]}: ${errors}`);
  const { ports, block } = JSON.parse(ready[0]);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    const [code] = await exited;
    return code;
  };
  return {
    pid: child.pid!,
    ports,
    height: block.height,
    stop: () => end('SIGTERM'),
    kill: async () => {
      await end('SIGKILL');
    },
  };
}
