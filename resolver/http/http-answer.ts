// An HTTP answer as a value, so that what is answered can be decided and tested without a socket.

export interface HttpAnswer {
  status: number;
  contentType: string;
  body: string;
  headers?: readonly (readonly [name: string, value: string])[];
}

export const JSON_TYPE = 'application/json';

/** The status line's text for the codes that are used here. */
export function statusLine(status: number): string {
  return STATUS_LINES[status] ?? String(status);
}

const STATUS_LINES: Record<number, string> = {
  200: '200 OK',
  400: '400 Bad Request',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  500: '500 Internal Server Error',
  503: '503 Service Unavailable',
};
