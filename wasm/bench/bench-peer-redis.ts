// A Redis server of the bench's own, if `redis-server` is found: strings, without persistence, asked
// by GETs in pipelines of 64 over Unix sockets, several connections so that it never waits.
//
// The GETs are laid out before the clock starts. Client and server are two processes and share the
// machine's cores.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CHUNK, NO_ROUTE, type Peer } from './bench-peer.ts';
import type { BenchPopulation } from './bench-population.ts';
import type { Unavailable } from './bench-process.ts';
import { encodeCommand, RedisConnection } from './bench-redis-client.ts';

const PIPELINE = 64;
const CONNECTIONS = 4;
/** How long the server may take to start. */
const START_MS_MAX = 10_000;
const START_POLL_MS = 20;
/** The server looks at its own size ten times a second. */
const SAMPLED_MS = 250;

export async function openRedis({ portedChunks }: BenchPopulation): Promise<Peer | Unavailable> {
  const folder = mkdtempSync(join(tmpdir(), 'bchf-bench-redis-'));
  const socket = join(folder, 'socket');
  const server = spawn(
    'redis-server',
    ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--dir', folder],
    { stdio: 'ignore' },
  );
  const connections: RedisConnection[] = [];
  const stop = async (): Promise<void> => {
    for (const connection of connections) connection.close();
    if (server.kill()) await once(server, 'exit');
    rmSync(folder, { recursive: true, force: true });
  };
  const fault = await untilListening(server, socket);
  if (fault !== undefined) {
    await stop();
    return { unavailable: fault };
  }
  while (connections.length < CONNECTIONS) connections.push(await RedisConnection.open(socket));
  const first = connections[0]!;

  return {
    async fill() {
      const noValues = new Int32Array(CHUNK);
      for (const { keys, routes } of portedChunks(CHUNK)) {
        const sets: string[] = [];
        keys.forEach((key, at) => {
          sets.push(encodeCommand('SET', digitsOf(key), String(routes[at]!)));
        });
        await first.request(sets.join(''), sets.length, noValues);
      }
    },
    async residentBytes() {
      await sleep(SAMPLED_MS);
      const info = await first.ask('INFO', 'memory');
      return Number(/^used_memory_rss:(\d+)/m.exec(info)![1]);
    },
    async rates(keys, loopMs) {
      const pipelines = layOut(keys);
      const startedMs = performance.now();
      let next = 0;
      const drive = async (connection: RedisConnection): Promise<void> => {
        const routes = new Int32Array(PIPELINE);
        do {
          await connection.request(pipelines[next++ % pipelines.length]!, PIPELINE, routes);
        } while (performance.now() - startedMs < loopMs);
      };
      await Promise.all(connections.map(drive));
      return { single: (next * PIPELINE * 1000) / (performance.now() - startedMs) };
    },
    async routesOf(keys) {
      const routes = new Int32Array(keys.length).fill(NO_ROUTE - 1);
      for (const [at, pipeline] of layOut(keys).entries()) {
        await first.request(pipeline, PIPELINE, routes, at * PIPELINE);
      }
      return routes;
    },
    end: stop,
  };
}

/** Waits until the server answers; returns what is wrong where it never will. */
async function untilListening(server: ChildProcess, socket: string): Promise<string | undefined> {
  let fault: string | undefined;
  server.once('error', (error) => {
    fault = `redis-server cannot be started: ${error.message}`;
  });
  server.once('exit', (code) => {
    fault ??= `redis-server ended with code ${code}`;
  });
  for (let waitedMs = 0; waitedMs < START_MS_MAX; waitedMs += START_POLL_MS) {
    await sleep(START_POLL_MS);
    if (fault !== undefined) return fault;
    try {
      const connection = await RedisConnection.open(socket);
      connection.close();
      return undefined;
    } catch {
      // Not yet.
    }
  }
  return `redis-server did not listen within ${START_MS_MAX} ms`;
}

/** The number without the 1 in front of a key. */
function digitsOf(key: number): string {
  return String(key).slice(1);
}

/** Pipelines of GETs, each 64 of them. */
function layOut(keys: Float64Array): Buffer[] {
  const pipelines: Buffer[] = [];
  for (let from = 0; from < keys.length; from += PIPELINE) {
    let commands = '';
    for (let at = from; at < from + PIPELINE; at++) {
      commands += encodeCommand('GET', digitsOf(keys[at]!));
    }
    pipelines.push(Buffer.from(commands, 'latin1'));
  }
  return pipelines;
}
