// One TCP port for the HTTP/2 listeners of several threads, by SO_REUSEPORT: the kernel hashes each
// connection to one of the sockets.
//
// Node can ask for it from 22.12 and 23.1 on. On an older Node the socket is made by system calls and
// handed to `listen` as a file descriptor. Where there are none, a port belongs to one thread.
//
// The other way to share, one listening socket in the event loops of all threads, was measured (Node
// 20.20.2, 2 threads, 16 connections opened at once, 20 rounds, 2026-11-28): the thread that wakes
// first takes most of them, 12/4 or worse in half of the rounds and 16/0 in two; by SO_REUSEPORT no
// round was worse than 11/5.
//
// Source: socket(7).

import { lookup } from 'node:dns/promises';
import { isIPv6, type Server } from 'node:net';
import { supportsReusePort } from '../udp/dgram-transport.ts';
import { encodeSocketAddress } from '../udp/socket-address.ts';
import {
  AF_INET,
  AF_INET6,
  loadSystemCalls,
  SO_REUSEPORT,
  SOCK_CLOEXEC,
  SOL_SOCKET,
  type SystemCalls,
} from '../udp/system-calls.ts';

const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0x800;
const SO_REUSEADDR = 2;
const BACKLOG = 511;

/** Whether the listeners of several threads can have one TCP port. */
export function canShareTcpPort(): boolean {
  return supportsReusePort(process.version, process.platform) || loadSystemCalls() !== undefined;
}

/**
 * Lets a server listen on a port that listeners of other threads may have too. Rejects where the
 * address cannot be had.
 *
 * @param port 0 lets the system choose; the others then ask for what it chose.
 */
export async function listenOnSharedPort(
  server: Server,
  host: string,
  port: number,
): Promise<void> {
  if (supportsReusePort(process.version, process.platform)) {
    // `reusePort` is not among the types of the oldest Node that is supported.
    const options = { host, port, backlog: BACKLOG, reusePort: true };
    await listening(server, options);
    return;
  }
  const calls = loadSystemCalls();
  if (!calls) {
    await listening(server, { host, port, backlog: BACKLOG });
    return;
  }
  const { address } = await lookup(host);
  const fd = boundSocket(calls, address, port);
  try {
    await listening(server, { fd, backlog: BACKLOG });
  } catch (error) {
    calls.close(fd);
    throw error;
  }
}

function listening(server: Server, options: object): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** A socket with SO_REUSEPORT, bound and not yet listening. */
function boundSocket(calls: SystemCalls, address: string, port: number): number {
  const domain = isIPv6(address) ? AF_INET6 : AF_INET;
  const fd = calls.socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw calls.failure('socket');
  try {
    const one = Uint8Array.of(1, 0, 0, 0);
    for (const name of [SO_REUSEADDR, SO_REUSEPORT]) {
      if (calls.setsockopt(fd, SOL_SOCKET, name, one, one.length) !== 0) {
        throw calls.failure('setsockopt');
      }
    }
    const socketAddress = encodeSocketAddress({ address, port });
    if (calls.bind(fd, socketAddress, socketAddress.length) !== 0) throw calls.failure('bind');
    return fd;
  } catch (error) {
    calls.close(fd);
    throw error;
  }
}
