// Opens the socket of a UDP client, whatever protocol it speaks.
//
// The socket is connected: the system passes on only datagrams from the server's own address, and
// reports where nobody listens there.

import dgram from 'node:dgram';
import { isIPv6 } from 'node:net';

/**
 * Opens a socket that is connected to a server: an IPv4 or IPv6 address, or a name that resolves to
 * an IPv4 one. Rejects with the system's error, and then leaves nothing open.
 */
export async function openClientSocket(
  host: string,
  port: number,
  options: Pick<dgram.SocketOptions, 'recvBufferSize'> = {},
): Promise<dgram.Socket> {
  const socket = dgram.createSocket({ ...options, type: isIPv6(host) ? 'udp6' : 'udp4' });
  try {
    await connect(socket, host, port);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

function connect(socket: dgram.Socket, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // Node hands a failure to this callback, which its types do not say.
    socket.connect(port, host, ((error?: Error | null) => {
      if (error) reject(error);
      else resolve();
    }) as () => void);
  });
}
