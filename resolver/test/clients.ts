// Clients that send many requests at once, for tests that ask about every number.

import dgram from 'node:dgram';
import net from 'node:net';
import { type DnsResponse, decodeResponse, encodeQuery } from '../enum/dns-client-codec.ts';
import { encodeName, RECORD_TYPE } from '../enum/dns-codec.ts';
import { encodeEnumName } from '../enum/enum-name-codec.ts';

export interface HttpReply {
  status: number;
  body: string;
}

const WINDOW = 64;

/** GETs every path over one connection, pipelined; replies in order. */
export function getAll(port: number, paths: readonly string[]): Promise<HttpReply[]> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    const replies: HttpReply[] = [];
    let sent = 0;
    let rest: Buffer = Buffer.alloc(0);
    const send = () => {
      let text = '';
      while (sent < paths.length && sent - replies.length < WINDOW) {
        text += `GET ${paths[sent]} HTTP/1.1\r\nHost: test\r\n\r\n`;
        sent++;
      }
      if (text) socket.write(text);
    };
    socket.on('data', (chunk) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (;;) {
        const end = rest.indexOf('\r\n\r\n');
        if (end < 0) break;
        const head = rest.toString('latin1', 0, end);
        const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1]);
        if (rest.length < end + 4 + length) break;
        const body = rest.toString('utf8', end + 4, end + 4 + length);
        replies.push({ status: Number(head.slice(9, 12)), body });
        rest = rest.subarray(end + 4 + length);
      }
      if (replies.length === paths.length) socket.end();
      else send();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      if (replies.length === paths.length) resolve(replies);
      else reject(new Error(`${replies.length} of ${paths.length} replies`));
    });
    send();
  });
}

const SUFFIX = encodeName('e164.arpa') as Uint8Array;

function naptrQuery(key: number, id: number): Uint8Array {
  return encodeQuery({ id, name: encodeEnumName(key, SUFFIX), type: RECORD_TYPE.NAPTR });
}

/** Asks ENUM for every number over UDP, repeating what is lost; replies in order. */
export function askEnumUdp(port: number, keys: readonly number[]): Promise<DnsResponse[]> {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket('udp4');
    const replies: DnsResponse[] = new Array(keys.length);
    /** Position by message id. */
    const waiting = new Map<number, number>();
    let sent = 0;
    const sendOne = (position: number) => {
      const id = position & 0xffff;
      waiting.set(id, position);
      socket.send(naptrQuery(keys[position] as number, id), port, '127.0.0.1');
    };
    const send = () => {
      while (sent < keys.length && waiting.size < WINDOW) sendOne(sent++);
      if (waiting.size === 0) {
        clearInterval(repeating);
        socket.close();
        resolve(replies);
      }
    };
    const repeating = setInterval(() => {
      for (const position of waiting.values()) sendOne(position);
    }, 500);
    socket.on('message', (message) => {
      const reply = decodeResponse(message);
      const position = reply && waiting.get(reply.id);
      if (!reply || position === undefined) return;
      waiting.delete(reply.id);
      replies[position] = reply;
      send();
    });
    socket.on('error', reject);
    send();
  });
}

/** Asks ENUM for every number over one TCP connection, pipelined; replies in order of the keys. */
export function askEnumTcp(port: number, keys: readonly number[]): Promise<DnsResponse[]> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    const replies: DnsResponse[] = new Array(keys.length);
    const waiting = new Map<number, number>();
    let sent = 0;
    let rest: Buffer = Buffer.alloc(0);
    const send = () => {
      while (sent < keys.length && waiting.size < WINDOW) {
        const id = sent & 0xffff;
        waiting.set(id, sent);
        const query = naptrQuery(keys[sent++] as number, id);
        const length = Buffer.alloc(2);
        length.writeUInt16BE(query.length);
        socket.write(Buffer.concat([length, query]));
      }
      if (waiting.size === 0) socket.end(() => resolve(replies));
    };
    socket.on('data', (chunk) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
        const length = rest.readUInt16BE(0);
        const reply = decodeResponse(rest.subarray(2, 2 + length));
        const position = reply && waiting.get(reply.id);
        if (reply && position !== undefined) {
          waiting.delete(reply.id);
          replies[position] = reply;
        }
        rest = rest.subarray(2 + length);
      }
      send();
    });
    socket.on('error', reject);
    send();
  });
}
