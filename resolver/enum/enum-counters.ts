// What the ENUM service counts. A closed list: the keys are the names, the values say what each
// counts and serve as the help text where they are exported.

export const ENUM_COUNTER_HELP = {
  udpReceived: 'Messages received over UDP.',
  tcpReceived: 'Messages received over TCP.',
  answeredRecords: 'Responses with records (NOERROR).',
  answeredNoData: 'Responses that the name exists without records of the type (NOERROR).',
  answeredNxdomain: 'Responses that nothing exists at or below the name (NXDOMAIN).',
  answeredFormerr: 'Responses to malformed queries (FORMERR).',
  answeredNotimp: 'Responses to opcodes other than QUERY (NOTIMP).',
  answeredRefused: 'Responses to names, classes and transfers that are not served (REFUSED).',
  answeredBadvers: 'Responses to EDNS versions above 0 (BADVERS).',
  truncated: 'Responses with TC set, counted besides their kind.',
  droppedShort: 'Messages dropped for being shorter than a header.',
  droppedResponse: 'Messages dropped for being responses.',
  tcpAccepted: 'TCP connections accepted.',
  tcpOverLimit: 'TCP connections closed at once because the limit was reached.',
  tcpIdle: 'TCP connections closed because no query was finished, or no answer taken, in time.',
  tcpOversized: 'TCP connections closed because a query was longer than allowed.',
  tcpUnfinished: 'TCP connections whose peer left in the middle of a query.',
  tcpFailed: 'TCP connections that ended in a socket error.',
} as const;

export type EnumCounter = keyof typeof ENUM_COUNTER_HELP;

/** Counts since the start, each only rising. */
export type EnumCounters = Record<EnumCounter, number>;

/** All counters at zero. */
export function createEnumCounters(): EnumCounters {
  const names = Object.keys(ENUM_COUNTER_HELP) as EnumCounter[];
  return Object.fromEntries(names.map((name) => [name, 0])) as EnumCounters;
}
