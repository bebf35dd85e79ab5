// A bare answer of uWebSockets.js, as a process that a bench starts: what the same text costs when it
// is known beforehand. Argument: the bytes of the body. Prints its port; ends with its parent.

import { loadUWebSockets } from '../http/uwebsockets.ts';

const { library } = loadUWebSockets();
const body = 'x'.repeat(Number(process.argv[2]));
library
  .App({})
  .any('/*', (response) => {
    response.writeStatus('200 OK').writeHeader('content-type', 'application/json').end(body);
  })
  .listen('127.0.0.1', 0, (token) => {
    if (!token) process.exit(1);
    process.send?.({ port: library.us_socket_local_port(token) });
  });
process.on('disconnect', () => process.exit(0));
