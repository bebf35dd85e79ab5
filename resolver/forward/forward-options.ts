// The options of `bchf forward`.

import { z } from 'zod';
import { servingOptions } from '../config.ts';
import { file, option, wholeNumber } from '../options/option.ts';

const UPSTREAMS_MAX = 8;

export const forwardOptions = {
  host: servingOptions.host,
  httpPort: servingOptions.httpPort,
  httpTlsCert: servingOptions.httpTlsCert,
  httpTlsKey: servingOptions.httpTlsKey,
  upstreams: option(
    z.union([z.string().transform((text) => text.split(',')), z.array(z.string())]).pipe(
      z
        .array(z.url({ protocol: /^https?$/ }))
        .min(1)
        .max(UPSTREAMS_MAX),
    ),
    [] as string[],
    'LIST',
    'URLs of resolvers with a replica, in the order in which they are asked (no default)',
  ),
  upstreamCa: file('PEM file of CAs for upstreams over https (default: those that Node knows)'),
  timeoutMs: option(wholeNumber(10, 60_000), 2000, 'MS', 'longest wait for an answer'),
  hedgeMs: option(
    wholeNumber(1, 60_000),
    100,
    'MS',
    'wait for the first choice, after which the second is asked as well',
  ),
  logLevel: servingOptions.logLevel,
  logFormat: servingOptions.logFormat,
};
