// An echo with `node:dgram`, as a process: prints its port, then sends every datagram back.

import dgram from 'node:dgram';

const socket = dgram.createSocket({
  type: 'udp4',
  recvBufferSize: 4 << 20,
  // Without it every send waits for a resolver of names.
  lookup: (host, _options, callback) => callback(null, host, 4),
});
socket.on('message', (message, { port, address }) => socket.send(message, port, address));
socket.bind(0, '127.0.0.1', () => process.stdout.write(`${socket.address().port}\n`));
