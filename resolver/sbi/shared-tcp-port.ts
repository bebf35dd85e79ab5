// One TCP port for the HTTP/2 listeners of several threads, by SO_REUSEPORT: the kernel hashes each
// connection to one of the sockets.
//
// Node can ask for it from 22.12 and 23.1 on. On an older Node the socket is made by libc, called
// through koffi, and handed to `listen` as a file descriptor: Linux on x64 and arm64, whose constants
// these are. Elsewhere a port belongs to one thread.
//
// The other way to share, one listening socket in the event loops of all threads, was measured (Node
// 20.20.2, 2 threads, 16 connections opened at once, 20 rounds, 2026-11-28): there the thread that
// wakes first takes most of them (16/0 to 8/8, once in two 12/4 or worse); by SO_REUSEPORT none was
// worse than 11/5.
//
// Source: socket(7), ip(7), ipv6(7); Linux, include/uapi/asm-generic/socket.h.

import { lookup } from 'node:dns/promises';
import { createRequire } from 'node:module';
import { isIPv6, type Server } from 'node:net';
import { supportsReusePort } from '../udp/dgram-transport.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_REUSEPORT = 15;
const SOCKADDR_IN_BYTES = 16;
const SOCKADDR_IN6_BYTES = 28;
const BACKLOG = 511;

/** The calls of libc that making a socket takes; each gives -1 where it fails. */
interface SocketCalls {
  socket: (domain: number, type: number, protocol: number) => number;
  setsockopt: (fd: number, level: number, name: number, value: Buffer, bytes: number) => number;
  bind: (fd: number, address: Buffer, bytes: number) => number;
  close: (fd: number) => number;
}

let socketCalls: SocketCalls | undefined | null;

/** Whether the listeners of several threads can have one TCP port. */
export function canShareTcpPort(): boolean {
  return supportsReusePort(process.version, process.platform) || loadSocketCalls() !== undefined;
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
    await listening(server, () => server.listen(options));
    return;
  }
  const calls = loadSocketCalls();
  if (!calls) {
    await listening(server, () => server.listen({ host, port, backlog: BACKLOG }));
    return;
  }
  const { address } = await lookup(host);
  const fd = boundSocket(calls, address, port);
  try {
    await listening(server, () => server.listen({ fd, backlog: BACKLOG }));
  } catch (error) {
    calls.close(fd);
    throw error;
  }
}

function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    listen();
  });
}

/** A socket with SO_REUSEPORT, bound and not yet listening. */
function boundSocket(calls: SocketCalls, address: string, port: number): number {
  const isV6 = isIPv6(address);
  const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fd = calls.socket(isV6 ? AF_INET6 : AF_INET, type, 0);
  if (fd < 0) throw new Error('no socket can be had');
  const one = Buffer.alloc(4);
  one.writeInt32LE(1);
  const socketAddress = isV6 ? socketAddressOfV6(address, port) : socketAddressOfV4(address, port);
  if (
    calls.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, one, one.length) !== 0 ||
    calls.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, one, one.length) !== 0 ||
    calls.bind(fd, socketAddress, socketAddress.length) !== 0
  ) {
    calls.close(fd);
    throw new Error(`${address}:${port} cannot be bound`);
  }
  return fd;
}

/**
 *     0        2        4                 8                16
 *     ┌────────┬────────┬─────────────────┬────────────────┐
 *     │ family │ port   │ address         │ 0              │
 *     │ native │ BE     │ BE              │                │
 *     └────────┴────────┴─────────────────┴────────────────┘
 */
function socketAddressOfV4(address: string, port: number): Buffer {
  const bytes = Buffer.alloc(SOCKADDR_IN_BYTES);
  bytes.writeUInt16LE(AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(address.split('.').map(Number), 4);
  return bytes;
}

/**
 *     0        2        4           8                    24         28
 *     ┌────────┬────────┬───────────┬────────────────────┬──────────┐
 *     │ family │ port   │ flow info │ address            │ scope id │
 *     │ native │ BE     │ 0         │ BE                 │ 0        │
 *     └────────┴────────┴───────────┴────────────────────┴──────────┘
 */
function socketAddressOfV6(address: string, port: number): Buffer {
  const bytes = Buffer.alloc(SOCKADDR_IN6_BYTES);
  bytes.writeUInt16LE(AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  const [head = '', tail] = withoutDots(address).split('::');
  const groupsOf = (text: string) => (text === '' ? [] : text.split(':'));
  const last = tail === undefined ? [] : groupsOf(tail);
  const groups = groupsOf(head);
  const zeros = new Array<string>(8 - groups.length - last.length).fill('0');
  for (const [at, group] of [...groups, ...zeros, ...last].entries()) {
    bytes.writeUInt16BE(Number.parseInt(group, 16), 8 + 2 * at);
  }
  return bytes;
}

/** `::ffff:10.0.0.1` → `::ffff:a00:1`. */
function withoutDots(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a, b, c, d] = parts.slice(0, 4).map(Number) as [number, number, number, number];
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
}

function loadSocketCalls(): SocketCalls | undefined {
  if (socketCalls !== undefined) return socketCalls ?? undefined;
  socketCalls = null;
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return undefined;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    const libc = koffi.load(null);
    socketCalls = {
      socket: libc.func('int socket(int domain, int type, int protocol)'),
      setsockopt: libc.func(
        'int setsockopt(int fd, int level, int name, const uint8_t *value, uint32_t bytes)',
      ),
      bind: libc.func('int bind(int fd, const uint8_t *address, uint32_t bytes)'),
      close: libc.func('int close(int fd)'),
    };
    return socketCalls;
  } catch {
    return undefined;
  }
}
