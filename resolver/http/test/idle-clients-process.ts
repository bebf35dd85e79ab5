// Very many connections of one process that say next to nothing. They are the system's only: a socket in
// JavaScript would cost this process more than the server.

import { encodeSocketAddress } from '../../udp/socket-address.ts';
import { AF_INET, loadSystemCalls, SOCK_CLOEXEC } from '../../udp/system-calls.ts';
import { countOpenFiles } from '../open-files.ts';

const SOCK_STREAM = 1;
/** Ports of one source address; the system has some 28,000 to give. */
const CONNECTIONS_PER_ADDRESS = 20_000;
/** Connections that may wait to be accepted: fewer than the server's queue has places. */
const WAITING_MAX = 200;
const WAIT_TRIES_MAX = 2000;

export interface IdleTask {
  port: number;
  serverPid: number;
  connections: number;
  /** The last byte of the source addresses, 127.0.0.n, that are this process's own. */
  firstAddress: number;
}

export interface IdleMessage {
  opened: number;
}

const calls = loadSystemCalls()!;
const fds: number[] = [];
const pausing = new Int32Array(new SharedArrayBuffer(4));

/** Opens all that can be had; those that the server has not taken in a while are the last. */
function open({ port, serverPid, connections, firstAddress }: IdleTask): void {
  const server = encodeSocketAddress({ address: '127.0.0.1', port });
  const before = countOpenFiles(serverPid)!;
  for (let at = 0; at < connections; at++) {
    const fd = calls.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    const source = firstAddress + Math.floor(at / CONNECTIONS_PER_ADDRESS);
    const own = encodeSocketAddress({ address: `127.0.0.${source}`, port: 0 });
    const isOpen =
      calls.bind(fd, own, own.length) === 0 && calls.connect(fd, server, server.length) === 0;
    if (!isOpen) {
      calls.close(fd);
      return;
    }
    fds.push(fd);
    if (at % WAITING_MAX !== WAITING_MAX - 1) continue;
    for (let tries = 0; countOpenFiles(serverPid)! < before + at - WAITING_MAX; tries++) {
      if (tries === WAIT_TRIES_MAX) return;
      Atomics.wait(pausing, 0, 0, 1);
    }
  }
}

/** Half of the connections have begun a request, and add to it now and then. */
function drip(text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < fds.length; at += 2) calls.write(fds[at]!, bytes, bytes.length);
}

process.on('message', (task: IdleTask) => {
  open(task);
  drip('GET /health/live HTTP/1.1\r\nHost: x\r\nX: ');
  setInterval(() => drip('a'), 1000);
  process.send!({ opened: fds.length } satisfies IdleMessage);
});
process.on('disconnect', () => process.exit());
