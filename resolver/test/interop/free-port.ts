// A loopback port for a program that wants a number, not 0.

import dgram from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

const TRIES_MAX = 20;

/**
 * A port of `host` that is free for both UDP and TCP at this moment. Somebody else may take it before
 * the program does; the program then ends and says so.
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const tcp = createServer().listen(0, host);
    await once(tcp, 'listening');
    const { port } = tcp.address() as AddressInfo;
    const udp = dgram.createSocket('udp4');
    const bound = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind({ port, address: host, exclusive: true }, () => resolve(true));
    });
    await Promise.all([
      bound && new Promise<void>((resolve) => udp.close(resolve)),
      new Promise((resolve) => tcp.close(resolve)),
    ]);
    if (bound) return port;
  }
  throw new Error(`no port of ${host} is free for UDP and TCP`);
}
