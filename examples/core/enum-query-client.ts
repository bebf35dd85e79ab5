// One ENUM query over UDP (RFC 6116): the URI of the service E2U+sip of a number.

import { randomInt } from 'node:crypto';
import { decodeResponse, encodeQuery } from '../../resolver/enum/dns-client-codec.ts';
import { encodeName, RECORD_TYPE } from '../../resolver/enum/dns-codec.ts';
import { openClientSocket } from '../../resolver/udp/socket-client.ts';

const RCODE_NXDOMAIN = 3;
const SERVICE = 'e2u+sip';

/**
 * The URI that the number's NAPTR record leads to; `undefined` where there is none.
 *
 * Rejects with the code ENUM_TIMEOUT where nobody answers, ENUM_REFUSED where the answer is another
 * error, and with the system's errors.
 */
export async function askEnum(options: {
  host: string;
  port: number;
  digits: string;
  timeoutMs: number;
}): Promise<string | undefined> {
  const { host, port, digits, timeoutMs } = options;
  const name = encodeName(`${[...digits].reverse().join('.')}.e164.arpa`)!;
  const id = randomInt(0x1_0000);
  const socket = await openClientSocket(host, port);
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      // A thread that was held up looks at what has arrived first: timers run before sockets are read.
      const giveUp = () => setImmediate(reject, failure('ENUM_TIMEOUT'));
      timer = setTimeout(giveUp, timeoutMs);
      socket.on('error', reject);
      socket.on('message', (message) => {
        const response = decodeResponse(message);
        if (response?.id !== id) return;
        const { rcode, answers } = response;
        if (rcode !== 0 && rcode !== RCODE_NXDOMAIN) reject(failure('ENUM_REFUSED'));
        for (const { data } of answers) {
          if (data.kind === 'naptr' && data.services.toLowerCase() === SERVICE) {
            // `!^.*$!sip:…!`: the whole number is replaced.
            resolve(data.regexp.split('!')[2]);
          }
        }
        resolve(undefined);
      });
      socket.send(encodeQuery({ id, name, type: RECORD_TYPE.NAPTR }));
    });
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}
