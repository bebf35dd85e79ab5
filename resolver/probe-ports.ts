// Looks whether the addresses and ports to listen on can be had, before long work is done in vain.

import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer, isIPv6 } from 'node:net';
import { flagName, type ServingConfig } from './config.ts';
import { ResolverError } from './resolver-error.ts';

const LASTING_PORT_MIN = 10_000;
const LASTING_PORT_END = 32_000;
const LASTING_TRIES_MAX = 100;

/** Ports that the system chooses, all of them, so that processes side by side never meet. */
export const FREE_PORTS = {
  httpPort: 0,
  udpPort: 0,
  enumPort: 0,
  pdbPort: 0,
  sbiPort: 0,
  adminPort: 0,
};

type Probe = [
  hostOption: 'host' | 'adminHost',
  portOption: 'httpPort' | 'udpPort' | 'pdbPort' | 'enumPort' | 'sbiPort' | 'adminPort',
  failure: Promise<NodeJS.ErrnoException | undefined>,
];

const REASONS: Record<string, string> = { EADDRINUSE: 'is in use', EACCES: 'is not permitted' };

/**
 * Throws BCHF_LISTEN_FAILED with every port or address that cannot be had and the option that
 * chooses it.
 *
 * It is also what keeps two resolvers apart: uWebSockets.js shares its port with every process that
 * asks for it, so a second one would quietly take half of the first one's requests.
 */
export function probePorts(config: ServingConfig): Promise<void> {
  const { host, adminHost } = config;
  return refuse(config, [
    ['host', 'httpPort', probeTcp(host, config.httpPort)],
    ['host', 'udpPort', probeUdp(host, config.udpPort)],
    ['host', 'pdbPort', probeUdp(host, config.pdbPort)],
    ['host', 'enumPort', probeTcp(host, config.enumPort)],
    ['host', 'enumPort', probeUdp(host, config.enumPort)],
    ...(config.sbiWorkers > 0
      ? [['host', 'sbiPort', probeTcp(host, config.sbiPort)] satisfies Probe]
      : []),
    ['adminHost', 'adminPort', probeTcp(adminHost, config.adminPort)],
  ]);
}

/** The same for a process that serves HTTP alone. */
export function probeHttpPort(config: Pick<ServingConfig, 'host' | 'httpPort'>): Promise<void> {
  return refuse(config, [['host', 'httpPort', probeTcp(config.host, config.httpPort)]]);
}

async function refuse(config: Partial<ServingConfig>, probes: readonly Probe[]): Promise<void> {
  const problems = new Set<string>();
  for (const [hostOption, portOption, probed] of probes) {
    const failure = await probed;
    if (!failure) continue;
    const reason = REASONS[failure.code ?? ''];
    problems.add(
      reason
        ? `${flagName(portOption)} ${config[portOption]} ${reason}`
        : `${flagName(hostOption)} ${config[hostOption]} cannot be listened on: ${failure.code}`,
    );
  }
  if (problems.size > 0) throw new ResolverError('BCHF_LISTEN_FAILED', [...problems].join(', '));
}

/** A TCP port that is free at this moment. */
export function freeTcpPort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/**
 * A TCP port that is free at this moment and that the system gives to nobody who does not ask for it,
 * for who comes back to it: below what Linux and IANA (RFC 6335) call dynamic ports.
 */
export async function lastingTcpPort(host: string): Promise<number> {
  for (let tries = 0; tries < LASTING_TRIES_MAX; tries++) {
    const port = randomInt(LASTING_PORT_MIN, LASTING_PORT_END);
    if ((await probeTcp(host, port)) === undefined) return port;
  }
  throw new ResolverError('BCHF_LISTEN_FAILED', `no free port for TCP on ${host}`);
}

function probeTcp(host: string, port: number): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}

function probeUdp(host: string, port: number): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    socket.once('error', (error) => {
      socket.close();
      resolve(error);
    });
    socket.bind(port, host, () => socket.close(() => resolve(undefined)));
  });
}
