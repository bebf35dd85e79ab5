// Opens the socket of a UDP client, whatever protocol it speaks.
//
// The socket is connected: the system passes on only datagrams from the server's own address, and
// reports where nobody listens there.
//
// It asks for room for the answers that come while its thread is held up. What a system gives unasked
// (Linux: 212,992 bytes) holds some 280 short datagrams, each of which costs 768 bytes there: 28 ms of
// 10,000 answers a second.

import dgram from 'node:dgram';
import { isIPv6 } from 'node:net';

/** What the system is asked for: an answer to each of 4096 requests. It may give less. */
const RECEIVE_BUFFER_BYTES = 4 << 20;

/**
 * Opens a socket that is connected to a server: an IPv4 or IPv6 address, or a name that resolves to
 * an IPv4 one. Rejects with the system's error, and then leaves nothing open.
 */
export async function openClientSocket(host: string, port: number): Promise<dgram.Socket> {
  const socket = dgram.createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  try {
    await connect(socket, host, port);
    widen(socket);
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

function widen(socket: dgram.Socket): void {
  if (socket.getRecvBufferSize() >= RECEIVE_BUFFER_BYTES) return;
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  } catch {
    // Linux gives what it may (net.core.rmem_max); a system that refuses leaves what there was.
  }
}
