// A UDP server in a thread of its own, for the generator that keeps its own thread busy: sends back what
// comes, or misbehaves in one of so many cases as the test wants.

import dgram from 'node:dgram';
import { parentPort, workerData } from 'node:worker_threads';

export interface EchoFaults {
  /** One in so many datagrams gets no answer; 0 for none. */
  dropOneIn: number;
  /** One in so many gets its answer twice. */
  repeatOneIn: number;
  /** The last byte of one in so many is changed. */
  changeOneIn: number;
}

const faults = workerData as EchoFaults;
let received = 0;
const isTurn = (oneIn: number) => oneIn > 0 && received % oneIn === 0;

const socket = dgram.createSocket('udp4');
socket.on('message', (message, { port, address }) => {
  received++;
  if (isTurn(faults.dropOneIn)) return;
  if (isTurn(faults.changeOneIn)) message[message.length - 1]! ^= 1;
  socket.send(message, port, address);
  if (isTurn(faults.repeatOneIn)) socket.send(message, port, address);
});
socket.bind(0, '127.0.0.1', () => parentPort!.postMessage(socket.address().port));
