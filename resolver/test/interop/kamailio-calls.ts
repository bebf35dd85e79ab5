// Run in namespaces by kamailio.test.ts: a resolver on the ports that Kamailio expects, a Kamailio that
// asks it about the number of each request and says in its reply what it learned, and one request for
// each number given.
//
// Prints a line of JSON: what Kamailio learned, by number.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exchangeDatagram } from './dns-exchange.ts';
import { prepareNamespace } from './namespace.ts';
import { PortedSpace } from './ported-space.ts';
import { findProgram, startProgram } from './programs.ts';
import { serveSpace } from './serve-space.ts';

const HOST = '127.0.0.1';
const SIP_PORT = 5060;
const ENUM_PORT = 53;
const PDB_PORT = 5574;
const START_MS_MAX = 20_000;
const REPLY_MS_MAX = 5000;
const RETRY_MS = 200;

/** What Kamailio learned of a number; 'none' where its function returned false. */
export interface KamailioAnswer {
  /** Request URI after `enum_query()`. */
  enum: string;
  /** Carrier id of `pdb_query()`. */
  pdb: string;
}

const CONFIGURATION = `
debug=1
log_stderror=yes
children=1
disable_tcp=yes
dns=no
rev_dns=no
listen=udp:${HOST}:${SIP_PORT}
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "enum.so"
loadmodule "pdb.so"
modparam("enum", "domain_suffix", "e164.arpa.")
modparam("pdb", "server", "${HOST}:${PDB_PORT}")
modparam("pdb", "timeout", 1000)
request_route {
  $var(digits) = $(rU{s.substr,1,0});
  if (pdb_query("$var(digits)", "$avp(i:82)")) {
    append_to_reply("X-Pdb: $avp(i:82)\\r\\n");
  } else {
    append_to_reply("X-Pdb: none\\r\\n");
  }
  if (enum_query()) {
    append_to_reply("X-Enum: $ru\\r\\n");
  } else {
    append_to_reply("X-Enum: none\\r\\n");
  }
  sl_send_reply("200", "OK");
}
`;

function optionsRequest(digits: string, branch: number): Buffer {
  const uri = `sip:+${digits}@${HOST}:${SIP_PORT}`;
  return Buffer.from(
    [
      `OPTIONS ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${HOST};rport;branch=z9hG4bK${branch}`,
      'Max-Forwards: 70',
      `From: <sip:caller@${HOST}>;tag=1`,
      `To: <${uri}>`,
      `Call-ID: ${branch}@${HOST}`,
      'CSeq: 1 OPTIONS',
      'Content-Length: 0',
      '\r\n',
    ].join('\r\n'),
  );
}

/** The reply to a request; asked again until Kamailio listens. */
async function ask(digits: string, branch: number, fault: () => string | undefined) {
  const request = optionsRequest(digits, branch);
  for (let waitedMs = 0; waitedMs < START_MS_MAX; waitedMs += REPLY_MS_MAX) {
    const reply = await exchangeDatagram(HOST, SIP_PORT, request, REPLY_MS_MAX);
    if (reply !== undefined) return Buffer.from(reply).toString('latin1');
    if (fault() !== undefined) throw new Error(fault());
    await sleep(RETRY_MS);
  }
  throw new Error('Kamailio does not reply');
}

function headerOf(reply: string, name: string): string {
  return new RegExp(`^${name}: (.*?)\\r?$`, 'm').exec(reply)?.[1] ?? 'missing';
}

prepareNamespace();
const [seed = '1', ...numbers] = process.argv.slice(2);
const space = new PortedSpace({
  prefix: '35840',
  suffixDigits: 3,
  oneIn: 10,
  routes: 16,
  seed: Number(seed),
});
const ports = ['--enum-port', String(ENUM_PORT), '--pdb-port', String(PDB_PORT)];
const server = await serveSpace(space, ports);
const folder = mkdtempSync(join(tmpdir(), 'bchf-kamailio-'));
const file = join(folder, 'kamailio.cfg');
writeFileSync(file, CONFIGURATION);
const kamailio = startProgram(findProgram('kamailio')!, [
  ...['-DD', '-E', '-f', file, '-m', '32', '-M', '4'],
  ...['-w', folder, '-Y', folder, '-P', join(folder, 'pid')],
]);
try {
  const answers: Record<string, KamailioAnswer> = {};
  for (const [at, digits] of numbers.entries()) {
    const reply = await ask(digits, at + 1, kamailio.fault);
    answers[digits] = { enum: headerOf(reply, 'X-Enum'), pdb: headerOf(reply, 'X-Pdb') };
  }
  process.stdout.write(`${JSON.stringify(answers)}\n`);
} finally {
  await kamailio.stop();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
