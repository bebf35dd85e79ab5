// Calls back once a socket has nothing left to read, so that a time-out is not declared over an answer
// that lies in the system's buffer.
//
// Node runs the timers that are due before it reads sockets. A thread that was held up (by a collection of
// garbage, a long computation, a core that somebody else had) finds everything timed out at once, answers
// and all; and to ask again for what has arrived makes more of the load that held it up. Of one socket a
// turn of the event loop reads 32 datagrams at most (libuv, uv__udp_recvmsg), so one turn may not do.

/** More turns than it takes to read an answer to each of 4096 requests. */
const TURNS_MAX = 256;

export interface AfterArrivals {
  /** To be called for each datagram that has arrived. */
  arrived(): void;
  /** Calls back after the first turn in which nothing arrived, or after `TURNS_MAX` turns. */
  callBack(callback: () => void): void;
}

export function createAfterArrivals(): AfterArrivals {
  let callbacks: (() => void)[] = [];
  let hasArrived = false;
  let turns = 0;

  // What setImmediate calls runs right after sockets were read, and reading does not wait while it is set.
  function look(): void {
    if (hasArrived && ++turns < TURNS_MAX) {
      hasArrived = false;
      setImmediate(look);
      return;
    }
    const due = callbacks;
    callbacks = [];
    for (const callback of due) callback();
  }

  return {
    arrived() {
      hasArrived = true;
    },
    callBack(callback) {
      if (callbacks.push(callback) > 1) return;
      hasArrived = false;
      turns = 0;
      setImmediate(look);
    },
  };
}
