// What ENUM asks of the index, from the resolver of a thread.

import type { NumberResolver } from '../resolve.ts';
import type { EnumLookup } from './enum-records.ts';

export function enumLookupOf(resolver: NumberResolver): EnumLookup {
  return {
    find: (key) => {
      const found = resolver.find({ identity: 'msisdn', key });
      if (!found) return undefined;
      return { entry: found.entry.entry, routeNumber: found.entry.route, route: found.route };
    },
    hasBelow: (key) => resolver.hasBelow({ identity: 'msisdn', key }),
    height: () => resolver.height('msisdn'),
  };
}
