// 100,000 idle and dripping connections at once, from processes of their own, at servers that are processes
// too: as many as there can be, what each costs, how others are served meanwhile, and that all are closed.
// And a server that may have fewer files than clients want. Run by hand:
//
//     node resolver/bin/test.mjs --slow idle-connections
//
// One server takes them all where a process may have so many files: root with CAP_SYS_RESOURCE raises the
// limit here. Elsewhere it takes several servers, because a limit of one process is no limit of the system.

import assert from 'node:assert/strict';
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BchfServer, startServer } from '../../test/bchf-process.ts';
import { loadSystemCalls } from '../../udp/system-calls.ts';
import { countOpenFiles } from '../open-files.ts';
import { loadUWebSockets } from '../uwebsockets.ts';
import type { IdleMessage, IdleTask } from './idle-clients-process.ts';

const ATTEMPTED = 100_000;
const FILES_WANTED = ATTEMPTED + 20_000;
/** What else a process has open, and what a server leaves to others. */
const FILES_LEFT = 2_500;
/** After some 10 to 12 s without a whole request the library closes a connection. */
const CLOSED_MS_MAX = 30_000;
const LOOK_MS = 100;
/** What the servers may open meanwhile for themselves. */
const OTHER_FILES_MAX = 100;

const directory = mkdtempSync(join(tmpdir(), 'bchf-idle-'));
const started: BchfServer[] = [];
const forked: IdleClients[] = [];
after(async () => {
  // Also those that a failed test has left.
  for (const { close } of forked) close();
  for (const server of started) await server.kill();
  rmSync(directory, { recursive: true });
});

async function startOne(name: string, ...more: string[]): Promise<BchfServer> {
  const population = ['--ported', '1000', '--fragmented', '100'];
  const threads = ['--workers', '1', '--udp-workers', '1', '--sbi-workers', '0'];
  const data = ['--data', join(directory, name)];
  const server = await startServer('start', ...data, ...population, ...threads, ...more);
  started.push(server);
  return server;
}

const skip =
  (!loadUWebSockets().isNative || !loadSystemCalls()) && 'needs native uWebSockets.js and koffi';

/** What processes that are started from here on may open, which is raised where that is allowed. */
function raiseOpenFiles(): number {
  try {
    const files = `--nofile=${FILES_WANTED}:${FILES_WANTED}`;
    execFileSync('prlimit', ['--pid', String(process.pid), files], { stdio: 'ignore' });
  } catch {
    // Then there are as many as there are.
  }
  return Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }));
}

interface IdleClients {
  opened: Promise<number>;
  close(): void;
}

/** @param place which of the source addresses are its own */
function startIdleClients(
  { pid, ports: { http: port } }: BchfServer,
  connections: number,
  place: number,
): IdleClients {
  const child = fork(new URL('./idle-clients-process.js', import.meta.url));
  const told = once(child, 'message') as Promise<[IdleMessage]>;
  const firstAddress = 2 + place * 10;
  child.send({ port, serverPid: pid, connections, firstAddress } satisfies IdleTask);
  const clients = {
    opened: told.then(([{ opened }]) => opened),
    close: () => void (child.connected && child.disconnect()),
  };
  forked.push(clients);
  return clients;
}

/** Whether a promise is under way; for who looks at other things until it is not. */
function underWay(promise: Promise<unknown>): () => boolean {
  let isOver = false;
  promise.finally(() => {
    isOver = true;
  });
  return () => !isOver;
}

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]) * 1024;
}

function availableBytes(): number {
  return Number(/MemAvailable:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'latin1'))![1]) * 1024;
}

/** One request; the milliseconds to its whole answer. */
function ask(port: number, agent: Agent | undefined): Promise<number> {
  const sinceMs = performance.now();
  return new Promise((resolve, reject) => {
    const asking = get({ host: '127.0.0.1', port, path: '/health/live', agent }, (response) => {
      response.resume();
      response.on('end', () =>
        response.statusCode === 200
          ? resolve(performance.now() - sinceMs)
          : reject(new Error(`status ${response.statusCode}`)),
      );
    });
    asking.on('error', reject);
  });
}

const median = (sorted: number[]) => sorted[Math.floor(sorted.length / 2)]!.toFixed(2);
const told = (times: number[]) => {
  const sorted = times.toSorted((a, b) => a - b);
  return `${sorted.length} times, median ${median(sorted)} ms, longest ${sorted.at(-1)!.toFixed(1)} ms`;
};

const sumOf = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

describe('more connections than anybody needs', { skip }, () => {
  it(`${ATTEMPTED} connections, half of them idle, half dripping heads: bounded memory, others are served, all are closed in time`, async (context) => {
    const each = Math.min(ATTEMPTED, raiseOpenFiles() - FILES_LEFT);
    const serverCount = Math.ceil(ATTEMPTED / each);
    const servers: BchfServer[] = [];
    for (let at = 0; at < serverCount; at++) servers.push(await startOne(`many-${at}`));
    context.diagnostic(`${serverCount} servers, because one process may have ${each} connections`);
    const agent = new Agent({ keepAlive: true });
    for (const { ports } of servers) await ask(ports.http, agent);
    const openFiles = () => sumOf(servers.map(({ pid }) => countOpenFiles(pid)!));
    const resident = () => sumOf(servers.map(({ pid }) => residentBytes(pid)));
    const before = { files: openFiles(), resident: resident(), available: availableBytes() };
    const most = { connections: 0, resident: 0, machine: 0 };
    const [kept, own]: [number[], number[]] = [[], []];
    const sinceMs = performance.now();
    const clients = servers.map((server, at) =>
      startIdleClients(server, Math.ceil(ATTEMPTED / serverCount), at),
    );
    const opening = Promise.all(clients.map(({ opened }) => opened));
    const isOpening = underWay(opening);
    let openedMs = sinceMs;
    for (let round = 0; ; round++) {
      const { http } = servers[round % serverCount]!.ports;
      kept.push(await ask(http, agent));
      own.push(await ask(http, undefined));
      const connections = openFiles() - before.files;
      if (connections > most.connections) {
        most.connections = connections;
        most.resident = resident() - before.resident;
        most.machine = before.available - availableBytes();
      }
      if (isOpening()) openedMs = performance.now();
      else if (connections < OTHER_FILES_MAX) break;
      assert.ok(performance.now() - openedMs < CLOSED_MS_MAX, `${connections} are left`);
      await sleep(LOOK_MS);
    }
    const opened = await opening;
    context.diagnostic(`${sumOf(opened)} were opened in ${Math.round(openedMs - sinceMs)} ms`);
    context.diagnostic(`${most.connections} were open at once`);
    const perConnection = (bytes: number) => Math.round(bytes / most.connections);
    context.diagnostic(
      `${perConnection(most.resident)} bytes of the servers' memory a connection; ` +
        `${perConnection(most.machine)} of the machine's, both ends and the clients counted`,
    );
    context.diagnostic(`others, over connections from before: ${told(kept)}`);
    context.diagnostic(`others, over new connections: ${told(own)}`);
    // The library begins to close the first ones after 10 s, whether or not the last are there.
    assert.ok(most.connections > ATTEMPTED / 2, 'so many were open at once');
    assert.ok(perConnection(most.resident) < 16_000, 'memory is bounded');
    for (const { close } of clients) close();
    agent.destroy();
    for (const server of servers) assert.equal(await server.stop(), 0);
  });

  it('a server that may have fewer files than clients want refuses the rest, serves on, and takes new ones later', async (context) => {
    const filesMax = 5_000;
    const server = await startOne('few', '--http-open-files-max', String(filesMax));
    const { pid, ports } = server;
    const agent = new Agent({ keepAlive: true });
    await ask(ports.http, agent);
    const clients = [0, 1].map((place) => startIdleClients(server, 2 * filesMax, place));
    const opening = Promise.all(clients.map(({ opened }) => opened));
    const isOpening = underWay(opening);
    let most = 0;
    const times: number[] = [];
    while (isOpening()) {
      times.push(await ask(ports.http, agent));
      most = Math.max(most, countOpenFiles(pid)!);
      await sleep(10);
    }
    context.diagnostic(`${sumOf(await opening)} were taken; ${most} files were open at most`);
    context.diagnostic(`others, over a connection from before: ${told(times)}`);
    assert.ok(most > filesMax - 300 && most < filesMax + 2_000, 'they stay about so many');
    for (const { close } of clients) close();
    for (let tries = 0; ; tries++) {
      const served = await ask(ports.http, undefined).catch(() => undefined);
      if (served !== undefined) break;
      assert.ok(tries < 200, 'new ones are taken again');
      await sleep(100);
    }
    agent.destroy();
    assert.equal(await server.stop(), 0);
  });
});
