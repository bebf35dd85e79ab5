// A query of Kamailio's pdb module, as it sends it: version 1 of its protocol, whose server's side is in
// resolver/udp/pdb-codec.ts.
//
//      0         1      2      3        4          6
//     ┌─────────┬──────┬──────┬────────┬──────────┬────────┬───┐
//     │ version │ type │ code │ length │ id, 2    │ digits │ 0 │
//     │ 1       │ 0    │ 0    │ in all │          │        │   │
//     └─────────┴──────┴──────┴────────┴──────────┴────────┴───┘

/** Where queries and answers have their id. */
export const PDB_ID_OFFSET = 4;
/** Before the digits, and all of an answer without them. */
export const PDB_HEADER_BYTES = 6;
/** Codes of answers: the number with its carrier id follows, or nothing. */
export const PDB_FOUND = 1;
export const PDB_NOT_FOUND = 3;

/** A query for 1 to 15 digits, id 0. */
export function encodePdbQuery(digits: string): Uint8Array {
  const bytes = PDB_HEADER_BYTES + digits.length + 1;
  return Uint8Array.from([1, 0, 0, bytes, 0, 0, ...Buffer.from(digits), 0]);
}
