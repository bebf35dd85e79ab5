// The UDP transport over `node:dgram`: one system call per datagram, on every platform.
//
// Owns the socket, its buffers and the bound on answers under way. Leaves out protocols.
//
// A response buffer belongs to the system from `send` until its callback, because a socket whose
// send buffer is full sends later. So the send queue is a pool of buffers: the handler writes into
// a free one, and where none is free the datagram is dropped before it costs a lookup.

import dgram from 'node:dgram';
import { lookup } from 'node:dns';
import { isIP, isIPv6 } from 'node:net';
import { ADDRESS_BYTES, parseAddress } from './client-address-codec.ts';
import type {
  UdpAddress,
  UdpCounters,
  UdpHandler,
  UdpTransport,
  UdpTransportOptions,
} from './udp-transport.ts';
import { NO_COUNTS, UdpError } from './udp-transport.ts';

const DATAGRAM_BYTES_MAX_DEFAULT = 1232;
const SEND_QUEUE_MAX_DEFAULT = 1024;
/** How long `close` waits for answers under way; the system cancels what is left. */
const DRAIN_MS_MAX = 1000;

/** Systems on which SO_REUSEPORT spreads datagrams over the sockets that share a port. */
const REUSE_PORT_PLATFORMS = ['linux', 'freebsd', 'dragonfly', 'sunos', 'aix'];

/**
 * Whether `dgram` of a Node version can share a port between sockets: the `reusePort` option came
 * with 23.1.0 and 22.12.0.
 */
export function supportsReusePort(nodeVersion: string, platform: string): boolean {
  const [major = 0, minor = 0] = nodeVersion.replace(/^v/, '').split('.').map(Number);
  const isNew = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
  return isNew && REUSE_PORT_PLATFORMS.includes(platform);
}

/** Whether this process can share a UDP port between the `dgram` sockets of several threads. */
export const DGRAM_REUSE_PORT_SUPPORTED = supportsReusePort(process.version, process.platform);

/** Resolves addresses without leaving the current call: dgram asks for each datagram it sends. */
const lookupAddress: typeof lookup = ((
  hostname: string,
  family: number,
  callback: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
) => {
  const version = isIP(hostname);
  if (version === 0) lookup(hostname, family, callback);
  else callback(null, hostname, version);
}) as typeof lookup;

/**
 * Creates a transport over one `dgram` socket. See {@link UdpTransport} for its contract.
 *
 * `createSocket` makes the socket; a test passes one that sends late or fails, which loopback never
 * does.
 */
export function createDgramTransport(
  options: UdpTransportOptions,
  createSocket: (options: dgram.SocketOptions) => dgram.Socket = dgram.createSocket,
): UdpTransport {
  const datagramBytesMax = options.datagramBytesMax ?? DATAGRAM_BYTES_MAX_DEFAULT;
  const sendQueueMax = options.sendQueueMax ?? SEND_QUEUE_MAX_DEFAULT;
  if (!(datagramBytesMax >= 1 && datagramBytesMax <= 65_507)) {
    throw new RangeError('datagramBytesMax is 1 to 65 507, what IPv4 carries');
  }
  if (!(sendQueueMax >= 1 && sendQueueMax <= 65_536)) {
    throw new RangeError('sendQueueMax is 1 to 65 536');
  }

  const counters: UdpCounters = { ...NO_COUNTS };
  /** Buffers that no answer under way holds; more are made on demand up to `sendQueueMax`. */
  const freeBuffers: Uint8Array[] = [];
  let buffersMade = 0;
  let sendsUnderWay = 0;
  let socket: dgram.Socket | undefined;
  let handler: UdpHandler | undefined;
  let closing: Promise<void> | undefined;
  let onDrained: (() => void) | undefined;

  /** Datagrams often come from the sender of the one before. */
  let lastText = '';
  let lastAddress: Uint8Array = new Uint8Array(ADDRESS_BYTES);

  function addressOf(text: string): Uint8Array {
    if (text !== lastText) {
      lastAddress = parseAddress(text) ?? new Uint8Array(ADDRESS_BYTES);
      lastText = text;
    }
    return lastAddress;
  }

  function takeBuffer(): Uint8Array | undefined {
    const buffer = freeBuffers.pop();
    if (buffer !== undefined || buffersMade === sendQueueMax) return buffer;
    buffersMade++;
    return new Uint8Array(datagramBytesMax);
  }

  function receive(from: dgram.Socket, message: Uint8Array, sender: dgram.RemoteInfo): void {
    if (closing !== undefined || handler === undefined) return;
    counters.receivedDatagrams++;
    counters.receivedBytes += message.length;
    if (message.length > datagramBytesMax) {
      counters.oversizedDatagrams++;
      return;
    }
    const buffer = takeBuffer();
    if (buffer === undefined) {
      counters.sendQueueDrops++;
      return;
    }
    const bytes = handler(message, buffer, addressOf(sender.address));
    if (bytes > 0) {
      send(from, buffer, bytes, sender);
    } else {
      counters.unansweredDatagrams++;
      freeBuffers.push(buffer);
    }
  }

  function send(from: dgram.Socket, buffer: Uint8Array, bytes: number, to: dgram.RemoteInfo): void {
    sendsUnderWay++;
    const settle = (error: Error | null) => {
      sendsUnderWay--;
      freeBuffers.push(buffer);
      if (error === null) {
        counters.sentDatagrams++;
        counters.sentBytes += bytes;
      } else {
        counters.sendErrors++;
      }
      if (sendsUnderWay === 0) onDrained?.();
    };
    try {
      from.send(buffer, 0, bytes, to.port, to.address, settle);
    } catch (error) {
      // A forged source port of 0 makes `send` throw instead of reporting.
      settle(error as Error);
    }
  }

  async function open(): Promise<UdpAddress> {
    if (socket !== undefined || closing !== undefined) {
      throw new UdpError('BCHF_UDP_CLOSED', 'a transport is opened once');
    }
    if (options.reusePort && !DGRAM_REUSE_PORT_SUPPORTED) {
      throw new UdpError(
        'BCHF_UDP_REUSE_PORT_UNSUPPORTED',
        `Node ${process.version} on ${process.platform} cannot share a UDP port`,
      );
    }
    const created = createSocket({
      type: isIPv6(options.host) ? 'udp6' : 'udp4',
      lookup: lookupAddress,
      ...(options.receiveBufferBytes && { recvBufferSize: options.receiveBufferBytes }),
      ...(options.sendBufferBytes && { sendBufferSize: options.sendBufferBytes }),
      ...(options.reusePort && { reusePort: true }),
    });
    socket = created;
    try {
      await bind(created, options.host, options.port);
    } catch (cause) {
      created.close();
      socket = undefined;
      throw new UdpError('BCHF_UDP_LISTEN', `UDP ${options.host} port ${options.port}`, { cause });
    }
    if (closing !== undefined) {
      throw new UdpError('BCHF_UDP_CLOSED', 'the transport was closed while it opened');
    }
    created.on('error', () => {
      counters.socketErrors++;
    });
    created.on('message', (message, sender) => receive(created, message, sender));
    const { address, port } = created.address();
    return { address, port };
  }

  async function drainAndClose(): Promise<void> {
    if (socket === undefined) return;
    const closed = socket;
    if (sendsUnderWay > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, DRAIN_MS_MAX);
        onDrained = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    await new Promise<void>((resolve) => {
      closed.close(resolve);
    });
  }

  return {
    handle(newHandler) {
      handler = newHandler;
    },
    open,
    counters: () => ({ ...counters }),
    close() {
      closing ??= drainAndClose();
      return closing;
    },
  };
}

/** Settles when the socket is bound or cannot be, and also when it is closed before that. */
function bind(socket: dgram.Socket, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => resolve();
    socket.once('error', reject);
    socket.once('close', onClose);
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.removeListener('error', reject);
      socket.removeListener('close', onClose);
      resolve();
    });
  });
}
