// A server of node:net or node:http2 on a free port of loopback, and its end.

import type { AddressInfo, Server, Socket } from 'node:net';

export const HOST = '127.0.0.1';

export interface Listening {
  port: number;
  /** Drops every connection. */
  close(): Promise<void>;
}

export function listen(server: Server): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, HOST, () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            for (const socket of sockets) socket.destroy();
          }),
      });
    });
  });
}
