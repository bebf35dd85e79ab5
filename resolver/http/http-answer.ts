// An HTTP answer as a value, so that what is answered can be decided and tested without a socket.

/** Every status that the resolver itself answers with, and what it is called (RFC 9110, RFC 6585). */
export const STATUS_TITLES = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
} as const;
export type StatusCode = keyof typeof STATUS_TITLES;
export const STATUS_CODES = Object.keys(STATUS_TITLES).map(Number) as StatusCode[];

export interface HttpAnswer {
  status: StatusCode;
  contentType: string;
  body: string | Uint8Array;
  headers?: readonly (readonly [name: string, value: string])[];
}

/** An answer whose body is text, as all but those to compact batches are. */
export interface TextAnswer extends HttpAnswer {
  body: string;
}

export const JSON_TYPE = 'application/json';
