// The system calls behind the fast UDP transport and the priorities of threads, through koffi.
//
// Owns their signatures, the structures' constants and errors with names. Leaves out what is done
// with them: sockets are in mmsg-socket.ts, messages in message-block.ts.
//
// Node's own `dgram` makes one system call and one callback for each datagram. recvmmsg(2) and
// sendmmsg(2) move a batch with one call, and koffi calls them in 0.3 µs, on memory that JavaScript
// and Wasm see too. koffi is a package with prebuilt binaries; where it has none for the platform,
// and everywhere but on 64-bit little-endian Linux, there are no system calls and `dgram` serves.
//
// Addresses are JavaScript numbers: those of a process are below 2^47 (x86-64) or 2^48 (arm64).
//
// Source: the manual pages of section 2; Linux, include/uapi/asm-generic/socket.h, which x86-64 and
// arm64 share.

import { createRequire } from 'node:module';
import { endianness } from 'node:os';

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_DGRAM = 2;
export const SOCK_CLOEXEC = 0x8_0000;

export const SOL_SOCKET = 1;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_REUSEPORT = 15;
export const SO_SNDTIMEO = 21;
export const SO_RCVBUFFORCE = 33;
export const SO_TIMESTAMPNS = 35;
export const SO_MEMINFO = 55;
export const IPPROTO_IP = 0;
export const IP_PKTINFO = 8;
export const IPPROTO_IPV6 = 41;
export const IPV6_RECVPKTINFO = 49;
export const IPV6_PKTINFO = 50;

export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const POLLIN = 1;
export const CLOCK_REALTIME = 0;

export const SCHED_OTHER = 0;
export const SCHED_IDLE = 5;

export const EINTR = 4;
export const EAGAIN = 11;

const EFD_NONBLOCK_CLOEXEC = 0x8_0800;

/** A system call's refusal, with the name of its error: `EADDRINUSE`. */
export class SystemCallError extends Error {
  readonly call: string;
  readonly errno: number;
  /** The symbolic name of the error, in the place where Node's own errors have it. */
  readonly code: string;

  constructor(call: string, errno: number, code: string) {
    super(`${call}: ${code}`);
    this.name = 'SystemCallError';
    this.call = call;
    this.errno = errno;
    this.code = code;
  }
}

/**
 * The calls. Each returns what the system does, −1 for an error whose number `errno` then tells;
 * `failure` makes an error of it. An address of 0 is a null pointer.
 */
export interface SystemCalls {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, bytes: number): number;
  connect(fd: number, address: Uint8Array, bytes: number): number;
  getsockname(fd: number, address: Uint8Array, bytes: Uint32Array): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, bytes: number): number;
  getsockopt(fd: number, level: number, name: number, to: Uint8Array, bytes: Uint32Array): number;
  close(fd: number): number;
  recvmmsg(fd: number, headers: number, count: number, flags: number, timeout: number): number;
  sendmmsg(fd: number, headers: number, count: number, flags: number): number;
  /** `entries` points to `count` structures of fd i32, events i16, returned events i16. */
  poll(entries: number, count: number, timeoutMs: number): number;
  eventfd(): number;
  read(fd: number, to: Uint8Array, bytes: number): number;
  write(fd: number, from: Uint8Array, bytes: number): number;
  /** `time` points to two i64: seconds and nanoseconds. */
  clockGettime(clock: number, time: number): number;
  /** Of the calling thread, with `pid` 0. */
  schedSetaffinity(pid: number, bytes: number, mask: Uint8Array): number;
  /** `parameter` is an i32, the priority. Of the calling thread, with `pid` 0. */
  schedSetscheduler(pid: number, policy: number, parameter: Uint8Array): number;
  /** The calling thread's number. */
  gettid(): number;
  errno(): number;
  /** The error that the last call, of this name, left. */
  failure(call: string): SystemCallError;
  /** Where a memory lies. It must be one that never moves: a shared one, or one that cannot grow. */
  addressOf(buffer: ArrayBufferLike): number;
}

let loaded: SystemCalls | 'unavailable' | undefined;

/** The system calls, loaded when first wanted; `undefined` where this platform has none. */
export function loadSystemCalls(): SystemCalls | undefined {
  loaded ??= load();
  return loaded === 'unavailable' ? undefined : loaded;
}

function load(): SystemCalls | 'unavailable' {
  const is64Bit = process.arch === 'x64' || process.arch === 'arm64';
  if (process.platform !== 'linux' || !is64Bit || endianness() !== 'LE') return 'unavailable';
  try {
    return bindSystemCalls(createRequire(import.meta.url)('koffi') as typeof import('koffi'));
  } catch {
    return 'unavailable';
  }
}

function bindSystemCalls(koffi: typeof import('koffi')): SystemCalls {
  // Null stands for what the process has loaded itself: its libc, whatever the file is called.
  const libc = koffi.load(null);
  const eventfd = libc.func('int eventfd(uint32_t value, int flags)');
  const nameByErrno = new Map<number, string>(
    Object.entries(koffi.os.errno).map(([name, number]) => [number, name]),
  );
  return {
    socket: libc.func('int socket(int domain, int type, int protocol)'),
    bind: libc.func('int bind(int fd, const void *address, uint32_t bytes)'),
    connect: libc.func('int connect(int fd, const void *address, uint32_t bytes)'),
    getsockname: libc.func('int getsockname(int fd, _Out_ void *address, _Inout_ uint32_t *bytes)'),
    setsockopt: libc.func(
      'int setsockopt(int fd, int level, int name, const void *value, uint32_t bytes)',
    ),
    getsockopt: libc.func(
      'int getsockopt(int fd, int level, int name, _Out_ void *to, _Inout_ uint32_t *bytes)',
    ),
    close: libc.func('int close(int fd)'),
    recvmmsg: libc.func(
      'int recvmmsg(int fd, uintptr_t headers, uint32_t count, int flags, uintptr_t timeout)',
    ),
    sendmmsg: libc.func('int sendmmsg(int fd, uintptr_t headers, uint32_t count, int flags)'),
    poll: libc.func('int poll(uintptr_t entries, unsigned long count, int timeoutMs)'),
    eventfd: () => eventfd(0, EFD_NONBLOCK_CLOEXEC),
    read: libc.func('intptr_t read(int fd, _Out_ void *to, size_t bytes)'),
    write: libc.func('intptr_t write(int fd, const void *from, size_t bytes)'),
    clockGettime: libc.func('int clock_gettime(int clock, uintptr_t time)'),
    schedSetaffinity: libc.func('int sched_setaffinity(int pid, size_t bytes, const void *mask)'),
    schedSetscheduler: libc.func(
      'int sched_setscheduler(int pid, int policy, const void *parameter)',
    ),
    gettid: libc.func('int gettid()'),
    errno: () => koffi.errno(),
    failure(call) {
      const errno = koffi.errno();
      return new SystemCallError(call, errno, nameByErrno.get(errno) ?? `error ${errno}`);
    },
    addressOf: (buffer) => Number(koffi.address(Buffer.from(buffer))),
  };
}
