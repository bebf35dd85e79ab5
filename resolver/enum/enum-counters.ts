// What the ENUM service counts. A closed list: the keys are the names, the values say what each
// counts and serve as the help text where they are exported.

export const ENUM_COUNTER_HELP = {
  udpReceived: 'Messages received over UDP.',
  tcpReceived: 'Messages received over TCP.',
  answeredRecords: 'Responses with records (NOERROR).',
  answeredNoData: 'Responses that the name exists without records of the type (NOERROR).',
  answeredNxdomain: 'Responses that nothing exists at or below the name (NXDOMAIN).',
  answeredFormerr: 'Responses to malformed queries (FORMERR), counted besides by what is wrong.',
  answeredNotimp: 'Responses to opcodes other than QUERY (NOTIMP).',
  answeredRefused: 'Responses to what is not served (REFUSED), counted besides by the reason.',
  answeredBadvers: 'Responses to EDNS versions above 0 (BADVERS).',
  answeredBadcookie: 'Responses that a client has to come again with a cookie (BADCOOKIE).',
  answeredCookie: 'Responses to queries for a cookie alone (NOERROR).',
  truncated: 'Responses with TC set, counted besides their kind.',
  refusedName: 'Queries refused for a name outside of the zones, or for another class.',
  refusedClient: 'Queries refused because the zone is not for the client.',
  refusedTransfer: 'Queries refused for being zone transfers.',
  malformedQuestionCount: 'Malformed queries: no question and no cookie, or several questions.',
  malformedOtherRecords: 'Malformed queries: records that no query has.',
  malformedQuestion: 'Malformed queries: the question is cut short, or its name is none.',
  malformedCompressedName: 'Malformed queries: the name of the question is compressed.',
  malformedOpt: 'Malformed queries: the OPT record is cut short, or its options are.',
  malformedCookie: 'Malformed queries: a COOKIE option of a length that there is not.',
  malformedLeftOver: 'Malformed queries: bytes after their end.',
  cookieValid: 'Queries with a good server cookie.',
  cookieInvalid: 'Queries with a server cookie that is out of date, or not of this server.',
  cookieNew: 'Queries with a client cookie alone.',
  limitedDropped: 'Queries dropped by the response-rate limit.',
  limitedTruncated: 'Queries over the response-rate limit that were told to come by TCP.',
  droppedShort: 'Messages dropped for being shorter than a header.',
  droppedResponse: 'Messages dropped for being responses.',
  servicesLeftOut: 'Services left out of answers because values of a route make them too long.',
  tcpAccepted: 'TCP connections accepted.',
  tcpOverLimit: 'TCP connections closed at once because the limit was reached.',
  tcpOverClientLimit: "TCP connections closed at once because their client's limit was reached.",
  tcpIdle: 'TCP connections closed because no query came, or no answer was taken, in time.',
  tcpSlow: 'TCP connections closed because a query was not finished in time.',
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
