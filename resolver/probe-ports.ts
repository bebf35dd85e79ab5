// Looks whether the ports to listen on are free, before long work is done in vain.

import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer, isIPv6 } from 'node:net';
import { flagName, type ServingConfig } from './config.ts';
import { ResolverError } from './resolver-error.ts';

/**
 * Throws BCHF_LISTEN_FAILED with every port that cannot be had and the option that chooses it.
 *
 * It is also what keeps two resolvers apart: uWebSockets.js shares its port with every process that
 * asks for it, so a second one would quietly take half of the first one's requests.
 */
export async function probePorts(config: ServingConfig): Promise<void> {
  const { host, adminHost } = config;
  const probes: [option: keyof ServingConfig, failure: Promise<string | undefined>][] = [
    ['httpPort', probeTcp(host, config.httpPort)],
    ['udpPort', probeUdp(host, config.udpPort)],
    ['enumPort', probeTcp(host, config.enumPort)],
    ['enumPort', probeUdp(host, config.enumPort)],
    ['adminPort', probeTcp(adminHost, config.adminPort)],
  ];
  const problems: string[] = [];
  for (const [option, probed] of probes) {
    const failure = await probed;
    if (failure) problems.push(`${failure}; ${flagName(option)} chooses another port`);
  }
  if (problems.length > 0) throw new ResolverError('BCHF_LISTEN_FAILED', problems.join('\n'));
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

function probeTcp(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(error.message));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}

function probeUdp(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    socket.once('error', (error) => {
      socket.close();
      resolve(error.message);
    });
    socket.bind(port, host, () => socket.close(() => resolve(undefined)));
  });
}
