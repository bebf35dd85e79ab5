// An HTTP answer as a value, so that what is answered can be decided and tested without a socket.

/** Every status that the resolver answers with. */
export const STATUS_CODES = [200, 400, 404, 405, 413, 415, 500, 503] as const;
export type StatusCode = (typeof STATUS_CODES)[number];

export const STATUS_TITLES: Record<StatusCode, string> = {
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

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
