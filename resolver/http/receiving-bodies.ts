// The bodies that one thread is receiving, and what they may take of its memory and time: each has a
// length and a time, and all of them together a number of bytes.

export interface BodyLimits {
  /** Bytes of all bodies that are being received. */
  bodiesBytesMax: number;
  /** From the head of a request to the end of its body. */
  bodyMsMax: number;
}

export const HTTP_BODY_LIMITS: BodyLimits = {
  bodiesBytesMax: 64 << 20,
  bodyMsMax: 30_000,
};

/** Why a body is not received to its end. */
export type BodyEnd = 'too-long' | 'too-slow' | 'too-many';

export interface ReceivingBody {
  /** Takes a part, whose memory is not the taker's; gives the whole body with the last one. */
  take(part: ArrayBuffer, isLast: boolean): Uint8Array | undefined;
  /** Gives up what was received. */
  end(): void;
  readonly isOver: boolean;
}

export class ReceivingBodies {
  readonly #limits: BodyLimits;
  #bytes = 0;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /**
   * Begins to receive one. `refuse` is called at most once, and then nothing more is taken: at once
   * where the announced length is too long already.
   */
  begin(bytesMax: number, announcedBytes: number, refuse: (end: BodyEnd) => void): ReceivingBody {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    let isOver = false;
    const end = () => {
      if (isOver) return;
      isOver = true;
      clearTimeout(giveUp);
      this.#bytes -= bytes;
      parts.length = 0;
    };
    const refuseFor = (reason: BodyEnd) => {
      end();
      refuse(reason);
    };
    const giveUp = setTimeout(() => refuseFor('too-slow'), this.#limits.bodyMsMax);
    if (announcedBytes > bytesMax) refuseFor('too-long');
    return {
      take: (part, isLast) => {
        if (isOver) return undefined;
        bytes += part.byteLength;
        this.#bytes += part.byteLength;
        if (bytes > bytesMax) refuseFor('too-long');
        else if (this.#bytes > this.#limits.bodiesBytesMax) refuseFor('too-many');
        else {
          parts.push(new Uint8Array(part).slice());
          if (isLast) {
            const whole = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
            end();
            return whole;
          }
        }
        return undefined;
      },
      end,
      get isOver() {
        return isOver;
      },
    };
  }
}
