// Sockets for recvmmsg and sendmmsg: file descriptors with the options that they need.
//
// A descriptor belongs to the process and not to the thread that opened it. So a thread can serve a
// socket that the main thread opened, and when it dies another takes the socket over with whatever
// waits in it.

import { isIPv6 } from 'node:net';
import { decodeSocketAddress, type Endpoint, encodeSocketAddress } from './socket-address.ts';
import {
  AF_INET,
  AF_INET6,
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_RECVPKTINFO,
  SO_MEMINFO,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_SNDTIMEO,
  SO_TIMESTAMPNS,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOL_SOCKET,
  type SystemCalls,
} from './system-calls.ts';

/** How long a send may wait for room in the socket's buffer before its batch is given up. */
const SEND_WAIT_MS_MAX = 100;

export interface MmsgSocketOptions {
  /** SO_REUSEPORT: share the port with other sockets that ask for the same. */
  reusePort?: boolean | undefined;
  /** What the system gives of it where it has a limit is in {@link socketMemory}. */
  receiveBufferBytes?: number | undefined;
  sendBufferBytes?: number | undefined;
  /** SO_TIMESTAMPNS: the kernel notes when each packet arrived. */
  timestamps?: boolean | undefined;
}

export interface MmsgSocket extends Endpoint {
  fd: number;
}

/**
 * Opens a socket that is bound to an IP address. On the unspecified address (0.0.0.0 or ::) answers
 * go out from the address that was asked; :: serves IPv4 too where the system is set so.
 *
 * Throws a SystemCallError, and then nothing is left open.
 */
export function openMmsgSocket(
  calls: SystemCalls,
  endpoint: Endpoint,
  options: MmsgSocketOptions = {},
): MmsgSocket {
  return openWith(calls, endpoint, options, (fd, address) => {
    if (/^(0\.0\.0\.0|[:0]+)$/.test(endpoint.address)) {
      if (isIPv6(endpoint.address)) setFlag(calls, fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
      else setFlag(calls, fd, IPPROTO_IP, IP_PKTINFO);
    }
    if (calls.bind(fd, address, address.length) !== 0) throw calls.failure('bind');
  });
}

/** Opens a socket that is connected to an IP address: a client's. Throws as openMmsgSocket does. */
export function openConnectedSocket(
  calls: SystemCalls,
  endpoint: Endpoint,
  options: MmsgSocketOptions = {},
): MmsgSocket {
  return openWith(calls, endpoint, options, (fd, address) => {
    if (calls.connect(fd, address, address.length) !== 0) throw calls.failure('connect');
  });
}

function openWith(
  calls: SystemCalls,
  endpoint: Endpoint,
  options: MmsgSocketOptions,
  attach: (fd: number, address: Uint8Array) => void,
): MmsgSocket {
  const address = encodeSocketAddress(endpoint);
  const domain = isIPv6(endpoint.address) ? AF_INET6 : AF_INET;
  const fd = calls.socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw calls.failure('socket');
  try {
    const { receiveBufferBytes, sendBufferBytes } = options;
    if (options.reusePort) setFlag(calls, fd, SOL_SOCKET, SO_REUSEPORT);
    if (options.timestamps) setFlag(calls, fd, SOL_SOCKET, SO_TIMESTAMPNS);
    if (receiveBufferBytes) setReceiveBuffer(calls, fd, receiveBufferBytes);
    if (sendBufferBytes) setOption(calls, fd, SO_SNDBUF, Int32Array.of(sendBufferBytes));
    setOption(calls, fd, SO_SNDTIMEO, BigInt64Array.of(0n, BigInt(SEND_WAIT_MS_MAX * 1000)));
    attach(fd, address);
    return { fd, ...localEndpoint(calls, fd) };
  } catch (error) {
    calls.close(fd);
    throw error;
  }
}

/** What the kernel holds for a socket. */
export interface SocketMemory {
  /** Limit of the packets that wait, by the kernel's own count, which is about twice what was asked. */
  receiveBufferBytes: number;
  /** Packets that came and found no room, since the socket was opened; wraps at 2^32. */
  drops: number;
}

/** Positions in what SO_MEMINFO gives; Linux, include/uapi/linux/sock_diag.h. */
const MEMINFO_RCVBUF = 1;
const MEMINFO_DROPS = 8;
const MEMINFO_WORDS = 9;

/** `undefined` where the kernel does not tell: before Linux 4.12. */
export function socketMemory(calls: SystemCalls, fd: number): SocketMemory | undefined {
  const words = new Uint32Array(MEMINFO_WORDS);
  const bytes = new Uint8Array(words.buffer);
  if (calls.getsockopt(fd, SOL_SOCKET, SO_MEMINFO, bytes, Uint32Array.of(bytes.length)) !== 0) {
    return undefined;
  }
  return { receiveBufferBytes: words[MEMINFO_RCVBUF]!, drops: words[MEMINFO_DROPS]! };
}

/** Beyond the system's limit (net.core.rmem_max) where the process may, up to it elsewhere. */
function setReceiveBuffer(calls: SystemCalls, fd: number, wanted: number): void {
  const value = Int32Array.of(wanted);
  const bytes = new Uint8Array(value.buffer);
  if (calls.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes, bytes.length) === 0) return;
  setOption(calls, fd, SO_RCVBUF, value);
}

function localEndpoint(calls: SystemCalls, fd: number): Endpoint {
  const address = new Uint8Array(128);
  if (calls.getsockname(fd, address, Uint32Array.of(address.length)) !== 0) {
    throw calls.failure('getsockname');
  }
  return decodeSocketAddress(address);
}

function setFlag(calls: SystemCalls, fd: number, level: number, name: number): void {
  const value = new Uint8Array(Int32Array.of(1).buffer);
  if (calls.setsockopt(fd, level, name, value, value.length) !== 0) {
    throw calls.failure('setsockopt');
  }
}

function setOption(calls: SystemCalls, fd: number, name: number, value: ArrayBufferView): void {
  const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (calls.setsockopt(fd, SOL_SOCKET, name, bytes, bytes.length) !== 0) {
    throw calls.failure('setsockopt');
  }
}
