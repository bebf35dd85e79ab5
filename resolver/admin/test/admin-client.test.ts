import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { askAdmin } from '../admin-client.ts';

test('a server that is silent for longer than its asker waits does not answer', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.resume()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const asked = askAdmin({ url, silenceMsMax: 20 }, 'GET', '/admin/v1/carriers');
  await assert.rejects(asked, { code: 'BCHF_SERVER_UNREACHABLE' });
  for (const socket of sockets) socket.destroy();
  server.close();
});
