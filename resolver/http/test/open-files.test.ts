// Where the files of the process run short, no more connections are taken, those that are open are served,
// and new ones are taken again when there is room.

import assert from 'node:assert/strict';
import type net from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { countOpenFiles, defaultOpenFilesMax, watchOpenFiles } from '../open-files.ts';
import { loadUWebSockets } from '../uwebsockets.ts';
import { assertServes, closeAll, openConnections, openListener } from './hostile-clients.ts';

const isTold = countOpenFiles() !== undefined;
const { isNative } = loadUWebSockets();
const TRIES_MAX = 3000;

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await isSo()); tries++) {
    assert.ok(tries < TRIES_MAX);
    await sleep(10);
  }
}

/** What comes back for a request over a connection that is open already. */
function ask(socket: net.Socket): Promise<string> {
  const answered = new Promise<string>((resolve) => {
    socket.once('data', (chunk) => resolve(chunk.toString('latin1', 0, 12)));
    socket.once('close', () => resolve('closed'));
  });
  socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
  return answered;
}

describe('open files', { skip: !isTold && 'the system does not tell' }, () => {
  it('are counted, and a part of what the system allows is left for others', async () => {
    const before = countOpenFiles()!;
    assert.ok(before > 3);
    const listener = await openListener();
    const sockets = await openConnections(listener.server.port, 50);
    assert.ok(countOpenFiles()! >= before + 50);
    await closeAll(sockets);
    listener.server.close();
    assert.ok(defaultOpenFilesMax()! > before);
    assert.equal(countOpenFiles(2 ** 30), undefined);
  });

  it('being too many is told once, and room once there is some, again where that could not be used', async () => {
    let files = 99;
    const told: string[] = [];
    const stop = watchOpenFiles(100, {
      count: () => files,
      onFull: () => told.push('full'),
      onRoom: () => told.push('room') > 3,
    });
    // Nothing tells that nothing happens: some looks go by.
    await sleep(200);
    assert.deepEqual(told, []);
    files = 100;
    await until(() => told.length > 0);
    files = 98;
    await sleep(200);
    assert.deepEqual(told, ['full']);
    files = 10;
    await until(() => told.length > 3);
    await sleep(200);
    assert.deepEqual(told, ['full', 'room', 'room', 'room']);
    stop();
  });

  it('being too many, new connections are refused, open ones are served, and later new ones too', {
    skip: !isNative && 'the stand-in counts connections itself',
  }, async (t) => {
    const listener = await openListener(undefined, countOpenFiles()! + 200);
    t.after(() => listener.server.close());
    const { port } = listener.server;
    // Those of the second lot may all still wait to be taken when it is full, and then none of them is.
    const [first] = (await openConnections(port, 1)) as [net.Socket];
    await ask(first);
    // Each takes two files, because both of its ends are here.
    const sockets = [first, ...(await openConnections(port, 400))];
    await until(() => listener.full === 1);
    assert.deepEqual(await openConnections(port, 1), []);
    assert.equal(await ask(first), 'HTTP/1.1 200');
    await closeAll(sockets);
    await until(async () => {
      const again = await openConnections(port, 1);
      await closeAll(again);
      return again.length === 1;
    });
    await assertServes(port);
  });

  it('a listener that is closed while it is full stays closed', { skip: !isNative }, async () => {
    const listener = await openListener(undefined, 1);
    const { port } = listener.server;
    await until(() => listener.full === 1);
    listener.server.close();
    await sleep(100);
    assert.deepEqual(await openConnections(port, 1), []);
  });
});
