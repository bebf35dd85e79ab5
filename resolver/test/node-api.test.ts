// The ledger port by itself: what becomes of a request whose handling fails.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { listenNodeApi, type NodeServices } from '../node-api.ts';

test('a request that fails is answered with 500 and told, one that is broken off is not', async () => {
  const faults: unknown[] = [];
  const fault = new Error('a fault of the program');
  const services = {
    read: () => {
      throw fault;
    },
    onFault: (error: unknown) => faults.push(error),
  } as unknown as NodeServices;
  const api = await listenNodeApi('127.0.0.1', 0, services);
  try {
    const ask = () => fetch(`http://127.0.0.1:${api.port}/ledger/v1/members/a`);
    assert.equal((await ask()).status, 500);
    assert.deepEqual(faults, [fault]);
    const socket = net.connect(api.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      'POST /ledger/v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc',
    );
    // Answered behind it, so what was written has been read.
    assert.equal((await ask()).status, 500);
    socket.destroy();
    assert.equal((await ask()).status, 500);
    assert.deepEqual(faults, [fault, fault, fault]);
  } finally {
    await api.close();
  }
  assert.equal(faults.length, 3);
});
