// The header by which a question that goes in a circle is found: the names of the forwarders that it has
// passed, oldest first.
//
//     bchf-hops: 3f9a1c0e5b7d2486, 90bb2d4417aa63f1

export const HOPS_HEADER = 'bchf-hops';
/** A question passes so many forwarders and no more. */
export const HOPS_MAX = 4;
const NAME = /^[0-9a-f]{16}$/;

/**
 * The header to send on, with this forwarder's name at its end; `undefined` where the question has been
 * here before, has passed too many, or has a header that is none.
 */
export function nextHops(header: string | undefined, name: string): string | undefined {
  const passed = header === undefined ? [] : header.split(',').map((one) => one.trim());
  if (passed.length >= HOPS_MAX || passed.includes(name)) return undefined;
  if (!passed.every((one) => NAME.test(one))) return undefined;
  return [...passed, name].join(', ');
}
