// One message to a server and what comes back, over UDP or TCP, whatever its bytes are.

import dgram from 'node:dgram';
import { connect } from 'node:net';

/** Sends a datagram; resolves with the first that comes back, or `undefined` after `timeoutMs`. */
export function exchangeDatagram(
  host: string,
  port: number,
  message: Uint8Array,
  timeoutMs: number,
): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const socket = dgram.createSocket('udp4');
    const end = (response?: Uint8Array) => {
      clearTimeout(timer);
      socket.close();
      resolve(response);
    };
    const timer = setTimeout(end, timeoutMs);
    // Refused: nobody listens yet. The time-out then says so, and the caller need not wait less.
    socket.on('error', () => undefined);
    socket.once('message', end);
    socket.connect(port, host, () => socket.send(message));
  });
}

/**
 * Sends messages over one TCP connection, each after the answer to the one before; `undefined` where
 * the server closed the connection or did not answer within `timeoutMs`.
 */
export function exchangeOverTcp(
  host: string,
  port: number,
  message: Uint8Array,
  timeoutMs: number,
): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, noDelay: true });
    let received = Buffer.alloc(0);
    const end = (response?: Uint8Array) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(response);
    };
    const timer = setTimeout(end, timeoutMs);
    socket.on('error', () => end());
    socket.on('close', () => end());
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2) return;
      const bytes = received.readUInt16BE(0);
      if (received.length >= 2 + bytes) end(received.subarray(2, 2 + bytes));
    });
    socket.on('connect', () => {
      const framed = Buffer.alloc(2 + message.length);
      framed.writeUInt16BE(message.length, 0);
      framed.set(message, 2);
      socket.write(framed);
    });
  });
}
