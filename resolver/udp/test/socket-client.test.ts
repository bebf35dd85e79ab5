import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { openClientSocket } from '../socket-client.ts';

test('has more room for answers than a socket that asks for none', async () => {
  const plain = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await once(plain, 'listening');
  const client = await openClientSocket('127.0.0.1', plain.address().port);
  try {
    const [given, unasked] = [client.getRecvBufferSize(), plain.getRecvBufferSize()];
    // Linux doubles what it is asked for, up to net.core.rmem_max.
    assert.ok(given > unasked || unasked >= 4 << 20, `${given} bytes, unasked ${unasked}`);
  } finally {
    client.close();
    plain.close();
  }
});
