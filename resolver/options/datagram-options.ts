import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { count, domain, file, option, port, wholeNumber } from './option.ts';

const UDP_THREADS_MAX = 16;

/** Options of the UDP batch protocol, pdb and ENUM. */
export const datagramOptions = {
  udpPort: option(port, 5350, 'PORT', 'UDP batch protocol port'),
  pdbPort: option(port, 5574, 'PORT', "port of the protocol of Kamailio's pdb module, UDP"),
  udpWorkers: option(
    wholeNumber(1, UDP_THREADS_MAX),
    Math.min(availableParallelism(), UDP_THREADS_MAX),
    'N',
    'threads that serve UDP (default: one for each core)',
  ),
  udpAdapter: option(
    z.enum(['auto', 'mmsg', 'dgram']),
    'auto',
    'ADAPTER',
    'how datagrams are received and sent: mmsg (batches, Linux), dgram (everywhere), or auto',
  ),
  udpBatchPackets: option(wholeNumber(1, 256), 64, 'N', 'datagrams of a batch'),
  udpReceiveBufferKib: option(
    count(1 << 20),
    4096,
    'KIB',
    "receive buffer of each UDP socket; 0: the system's own",
  ),
  udpSendBufferKib: option(
    count(1 << 20),
    0,
    'KIB',
    "send buffer of each UDP socket; 0: the system's own",
  ),
  udpCpus: option(
    z.string().regex(/^(([0-9]|[1-9][0-9]{1,2})(,([0-9]|[1-9][0-9]{1,2}))*)?$/, {
      message: 'must be numbers of CPUs with commas between them',
    }),
    '',
    'LIST',
    'CPUs that UDP threads are bound to, in turn, such as 2,3 (default: none)',
  ),
  udpTimestamps: option(
    z.enum(['on', 'off']),
    'on',
    'ON_OFF',
    'measure latency from the time at which the kernel received a datagram',
  ),
  udpSenderRate: option(
    count(1_000_000),
    0,
    'N',
    'datagrams a second from one sender (IPv4 address, IPv6 /64) on the batch and pdb ports; 0: no limit',
  ),
  udpSenderBurst: option(wholeNumber(1, 100_000), 100, 'N', 'size of its bursts, in datagrams'),
  udpPrefixRate: option(
    count(1_000_000),
    0,
    'N',
    'datagrams a second from one network (IPv4 /24, IPv6 /48) on these ports; 0: no limit',
  ),
  udpPrefixBurst: option(wholeNumber(1, 100_000), 1000, 'N', 'size of its bursts, in datagrams'),
  batchAuthentication: option(
    z.enum(['off', 'optional', 'required']),
    'off',
    'MODE',
    'sealed requests on the UDP batch port: off, optional or required',
  ),
  batchKeys: file('keys of sealed requests, as JSON (default: none)'),
  batchWindowMs: option(
    wholeNumber(100, 60_000),
    5000,
    'MS',
    "how far the time of a sealed request may differ from this machine's",
  ),
  pdbCarriers: file(
    'carrier ids of routes and members, as JSON (default: position in the route table + 1)',
  ),
  enumPort: option(port, 5300, 'PORT', 'ENUM (DNS) port, UDP and TCP'),
  enumSuffix: option(domain, 'e164.arpa', 'DOMAIN', 'domain under which ENUM answers'),
  enumNameServer: option(
    domain,
    'localhost',
    'DOMAIN',
    "this server's name in the zone's NS and SOA records",
  ),
  enumZones: file(
    'zones, services and limits of ENUM (docs/enum.md), reloaded when it changes; replaces ' +
      'the suffix and the name server (default: none)',
  ),
};
