// The processes of a devnet: one `bchf node` for each member, started together and stopped together.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { NodeClient } from './node-client.ts';
import { type Devnet, type DevnetMember, devnetFoundation, readDevnetKeys } from './node-devnet.ts';
import { ResolverError } from './resolver-error.ts';

const HOST = '127.0.0.1';
/** A process that has not stopped by then is killed. */
const STOP_MS = 10_000;
const COMMIT_MS = 60_000;

export interface DevnetNode extends DevnetMember {
  pid: number;
  peerId: string;
  ports: { http: number; batch: number; enum: number; admin: number; ledger: number };
  /** To its ledger port. */
  client: NodeClient;
}

export interface RunningDevnet {
  nodes: DevnetNode[];
  /** Asks a member's process to stop, or kills it; resolves when it has ended. */
  stopNode(id: string, signal?: NodeJS.Signals): Promise<void>;
  /** Starts a member's process that was stopped. */
  startNode(id: string): Promise<DevnetNode>;
  stop(): Promise<void>;
}

export interface DevnetProcessOptions {
  /** The file that runs the command `bchf`. */
  command: string;
  /** Called with each line that a node logs. */
  onLog: (member: string, line: string) => void;
  /** Called where a process ends that nobody stopped. */
  onFailure: (error: ResolverError) => void;
}

/**
 * Starts every node and lays the foundation where the chain is new. Error: BCHF_DEVNET_FAILED, and
 * then nothing runs.
 */
export async function startDevnet(
  devnet: Devnet,
  options: DevnetProcessOptions,
): Promise<RunningDevnet> {
  const processes = new Map<string, ChildProcess>();
  const stopping = new Set<string>();
  const nodes: DevnetNode[] = [];
  const startNode = async (id: string): Promise<DevnetNode> => {
    const member = devnet.members.find((one) => one.id === id);
    if (!member) throw new RangeError(`no member ${id}`);
    const child = spawnNode(member, options);
    processes.set(id, child);
    stopping.delete(id);
    const node = await readyNode(member, child);
    child.once('exit', (code) => {
      processes.delete(id);
      if (stopping.has(id)) return;
      const message = `the node of ${id} has ended with code ${code}`;
      options.onFailure(new ResolverError('BCHF_DEVNET_FAILED', message));
    });
    const at = nodes.findIndex((one) => one.id === id);
    if (at >= 0) nodes[at] = node;
    else nodes.push(node);
    return node;
  };
  const stopNode = async (id: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    const child = processes.get(id);
    if (!child) return;
    stopping.add(id);
    const exited = once(child, 'exit');
    child.kill(signal);
    const killing = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(killing);
  };
  const stop = async (): Promise<void> => {
    await Promise.all([...processes.keys()].map((id) => stopNode(id)));
  };
  try {
    // All at once: each connects to those that are there already.
    const started = await Promise.allSettled(devnet.members.map(({ id }) => startNode(id)));
    const failed = started.find(({ status }) => status === 'rejected');
    if (failed) throw (failed as PromiseRejectedResult).reason;
    nodes.sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
    await layFoundation(devnet, nodes);
  } catch (error) {
    await stop();
    throw error;
  }
  return { nodes, stopNode, startNode, stop };
}

function spawnNode({ id, config }: DevnetMember, options: DevnetProcessOptions): ChildProcess {
  const argv = [options.command, 'node', '--config', config, '--json'];
  const child = spawn(process.execPath, argv, {
    // Nothing is sent over the channel: a node whose channel breaks knows that the devnet is gone.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A process group of its own: a terminal sends Ctrl-C to all of a group, and a node that is asked
    // to stop a second time, by the devnet, ends at once.
    detached: true,
  });
  createInterface({ input: child.stderr! }).on('line', (line) => options.onLog(id, line));
  return child;
}

/** What a node says when it is ready. */
async function readyNode(member: DevnetMember, child: ChildProcess): Promise<DevnetNode> {
  const lines = createInterface({ input: child.stdout! });
  const [first] = await Promise.race([once(lines, 'line'), once(child, 'exit')]);
  if (typeof first !== 'string') {
    const message = `the node of ${member.id} has ended with code ${first} before it was ready`;
    throw new ResolverError('BCHF_DEVNET_FAILED', message);
  }
  const { ports, ledgerPort, peerId } = JSON.parse(first);
  return {
    ...member,
    pid: child.pid as number,
    peerId,
    ports: { ...ports, ledger: ledgerPort },
    client: new NodeClient(`http://${HOST}:${ledgerPort}`),
  };
}

/** Commits the first transactions of a chain where it has none, and waits until all nodes have them. */
async function layFoundation(devnet: Devnet, nodes: readonly DevnetNode[]): Promise<void> {
  const [proposer] = nodes as [DevnetNode];
  const { client } = proposer;
  const { height } = await client.status();
  if (height === 0) {
    const keys = await readDevnetKeys(devnet);
    for (const [at, body] of devnetFoundation(devnet, keys).entries()) {
      // One after the other: what comes later is checked against what came before.
      const id = await client.submit(await client.sign(body, keys, at + 1));
      const { code } = await client.committed(id, COMMIT_MS);
      if (code !== 'OK') throw new ResolverError('BCHF_DEVNET_FAILED', `${body.kind}: ${code}`);
    }
  }
  const target = (await client.status()).height;
  const untilMs = Date.now() + COMMIT_MS;
  for (const { id, client: own } of nodes) {
    while ((await own.status()).height < target) {
      if (Date.now() > untilMs) {
        const message = `the node of ${id} does not come to height ${target}`;
        throw new ResolverError('BCHF_DEVNET_FAILED', message);
      }
      await sleep(50);
    }
  }
}
