// A thousand followers of `changes` over sockets: every one of them gets every block, what that costs is
// told, and followers that take nothing are cut off without anybody else noticing. Run by hand:
// node resolver/bin/test.mjs --slow change-streams

import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type net from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SLOW_MS_MAX } from '../change-streams.ts';
import type { ServeBlock, StreamsMessage } from './change-streams-process.ts';
import { assertServes, closeAll, openConnections } from './hostile-clients.ts';

const FOLLOWERS = 1_000;
const BLOCKS = 20;
const DEAF = 100;
const WAIT_MS_MAX = 120_000;

type State = Extract<StreamsMessage, { cpuUs: number }>;

/** What a follower has received, by what its last event is called; the text is not kept. */
class Follower {
  height = 0;
  bytes = 0;
  #tail = '';

  constructor(socket: net.Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      const text = this.#tail + chunk.toString('latin1');
      for (const [, id] of text.matchAll(/^id: (\d+)\n/gm)) {
        assert.equal(Number(id), this.height + 1, 'in order, without gaps');
        this.height++;
      }
      // The beginning of an id may be in this chunk and its end in the next.
      const lastLine = text.lastIndexOf('\n');
      this.#tail = text.slice(lastLine + 1).slice(0, 40);
    });
    socket.write('GET /nbchf-routing/v1/changes?since=0 HTTP/1.1\r\nHost: x\r\n\r\n');
  }
}

async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endMs = performance.now() + WAIT_MS_MAX;
  while (!(await isSo())) {
    assert.ok(performance.now() < endMs, what);
    await sleep(1);
  }
}

async function stateOf(child: ChildProcess): Promise<State> {
  child.send('how');
  const [state] = (await once(child, 'message')) as [State];
  return state;
}

describe('streams of changes', () => {
  it(`${FOLLOWERS} followers get every block, and some that take nothing are cut off`, async (context) => {
    const child = fork(new URL('./change-streams-process.js', import.meta.url));
    const [{ port }] = (await once(child, 'message')) as [{ port: number }];
    const sockets = await openConnections(port, FOLLOWERS);
    assert.equal(sockets.length, FOLLOWERS);
    const followers = sockets.map((socket) => new Follower(socket));
    await until(async () => (await stateOf(child)).streams === FOLLOWERS, 'all follow');
    let height = 0;
    for (const changes of [1, 100, 1_000]) {
      const before = await stateOf(child);
      const bytesBefore = followers[0]!.bytes;
      const times: number[] = [];
      for (let block = 0; block < BLOCKS; block++) {
        height++;
        const sinceMs = performance.now();
        child.send({ changes } satisfies ServeBlock);
        await until(() => followers.every((one) => one.height === height), 'all have it');
        times.push(performance.now() - sinceMs);
      }
      const { cpuUs, residentBytes } = await stateOf(child);
      const bytes = Math.round((followers[0]!.bytes - bytesBefore) / BLOCKS);
      times.sort((a, b) => a - b);
      context.diagnostic(
        `a block of ${changes} changes, ${bytes} bytes for each follower: ` +
          `${(cpuUs / BLOCKS / FOLLOWERS).toFixed(1)} µs of the server's time a follower, ` +
          `all have it after ${times[BLOCKS >> 1]!.toFixed(0)} ms ` +
          `(${times[0]!.toFixed(0)} to ${times.at(-1)!.toFixed(0)}), ` +
          `${((residentBytes - before.residentBytes) / 2 ** 20).toFixed(0)} MiB more memory`,
      );
    }
    // A few are enough to show what becomes of those that stop.
    await closeAll(sockets.slice(2 * DEAF));
    const deaf = sockets.slice(0, DEAF);
    for (const socket of deaf) socket.pause();
    const hearing = followers.slice(DEAF, 2 * DEAF);
    const { residentBytes } = await stateOf(child);
    const sinceMs = performance.now();
    // A block is more than a socket holds, so some of them fill it.
    while ((await stateOf(child)).streams > hearing.length) {
      assert.ok(performance.now() - sinceMs < WAIT_MS_MAX, 'they are cut off');
      height++;
      child.send({ changes: 5_000 } satisfies ServeBlock);
      await until(() => hearing.every((one) => one.height === height), 'the others have it');
      await assertServes(port);
    }
    const state = await stateOf(child);
    context.diagnostic(
      `${deaf.length} that take nothing were cut off ${Math.round(performance.now() - sinceMs)} ms ` +
        `after they stopped, ${((state.residentBytes - residentBytes) / 2 ** 20).toFixed(0)} MiB more memory meanwhile`,
    );
    assert.equal(state.cutOff, deaf.length);
    assert.ok(performance.now() - sinceMs > SLOW_MS_MAX / 2, 'not before their time');
    assert.ok(state.residentBytes - residentBytes < 256 * 2 ** 20, 'memory is bounded');
    child.disconnect();
    await closeAll(sockets);
  });
});
