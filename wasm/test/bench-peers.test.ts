// What the comparison with peers stands on: processes that are there or fail plainly, and a Redis
// client that reads replies however they are cut.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { startMeasuring } from '../bench/bench-process.ts';
import { encodeCommand, NO_VALUE, RedisConnection } from '../bench/bench-redis-client.ts';

describe('Bench Redis client', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bchf-redis-client-'));
  const servers: Server[] = [];
  after(() => {
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A server that answers the first thing it hears with these bytes, cut into pieces, and goes. */
  async function serveReplies(replies: string, pieceBytes: number): Promise<RedisConnection> {
    const path = join(folder, String(servers.length));
    const server = createServer((socket: Socket) => {
      socket.setNoDelay();
      socket.once('data', async () => {
        for (let at = 0; at < replies.length; at += pieceBytes) {
          socket.write(replies.slice(at, at + pieceBytes));
          await new Promise((resolve) => setImmediate(resolve));
        }
        socket.end();
      });
    });
    servers.push(server);
    server.listen(path);
    await once(server, 'listening');
    return RedisConnection.open(path);
  }

  it('lays a command out as RESP has it', () => {
    assert.equal(encodeCommand('GET', '8613'), '*2\r\n$3\r\nGET\r\n$4\r\n8613\r\n');
  });

  for (const pieceBytes of [1, 2, 3, 7, 1000]) {
    it(`reads replies in pieces of ${pieceBytes} bytes`, async () => {
      const replies = '$1\r\n7\r\n$-1\r\n$5\r\n65535\r\n$2\r\n10\r\n';
      const connection = await serveReplies(replies, pieceBytes);
      const values = new Int32Array(6).fill(-9);
      await connection.request('any', 4, values, 1);
      assert.deepEqual([...values], [-9, 7, NO_VALUE, 65535, 10, -9]);
      connection.close();
    });
  }

  it('reads text', async () => {
    const connection = await serveReplies('$9\r\na:1\r\nb:23\r\n', 4);
    assert.equal(await connection.ask('INFO'), 'a:1\r\nb:23');
    connection.close();
  });

  it('rejects where a reply is an error, or the server goes', async () => {
    const refused = await serveReplies('+OK\r\n-ERR no\r\n', 100);
    await assert.rejects(refused.request('any', 2, new Int32Array(2)), /ERR no/);
    refused.close();
    const cut = await serveReplies('$5\r\n123', 100);
    await assert.rejects(cut.request('any', 1, new Int32Array(1)), /closed the connection/);
  });
});

describe('Bench process', () => {
  it('rejects where the process ends before it is prepared', async () => {
    const nothing = new URL('./there-is-no-such-file.js', import.meta.url);
    await assert.rejects(startMeasuring(nothing, {}), /ended with code 1/);
  });
});
