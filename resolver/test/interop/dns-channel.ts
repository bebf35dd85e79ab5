// Asks a DNS server and knows when it will not answer, without waiting for a time-out: behind each
// message goes a query that every server answers, and a server of one worker keeps their order.

import dgram from 'node:dgram';
import { once } from 'node:events';

const TIMEOUT_MS = 5000;

export interface DnsChannel {
  /** What the server sends back for a message, `undefined` if it sends nothing. */
  exchange(message: Uint8Array): Promise<Uint8Array | undefined>;
  close(): void;
}

/**
 * Opens a channel to a server.
 *
 * @param marker A query that the server answers, with an id that no message has.
 */
export async function openDnsChannel(
  host: string,
  port: number,
  marker: Uint8Array,
): Promise<DnsChannel> {
  const socket = dgram.createSocket('udp4');
  socket.connect(port, host);
  await once(socket, 'connect');
  let onMessage: (message: Uint8Array) => void = () => {};
  socket.on('message', (message) => onMessage(message));
  const isMarker = (message: Uint8Array) => message[0] === marker[0] && message[1] === marker[1];
  return {
    exchange(message) {
      return new Promise((resolve, reject) => {
        let response: Uint8Array | undefined;
        const timer = setTimeout(() => {
          reject(new Error(`no answer from ${host} port ${port} to the query behind a message`));
        }, TIMEOUT_MS);
        onMessage = (received) => {
          if (!isMarker(received)) {
            response = received;
            return;
          }
          clearTimeout(timer);
          onMessage = () => {};
          resolve(response);
        };
        socket.send(message);
        socket.send(marker);
      });
    },
    close: () => socket.close(),
  };
}
