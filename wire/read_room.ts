/** Room for a read on a connection that is quiet, in bytes. Each of these fits a buffer of the pool. */
const QUIET = 832;

/** Room for a read on a connection with exchanges. */
const OPEN = 3904;

/** Room for a read on a busy connection. */
const BUSY = 65_344;

/** Room for a read while bodies stream in; larger ones leave the processor's cache. */
const BULK = 261_952;

/** Room for the first read. */
export const FIRST_ROOM = QUIET;

/**
 * How much room the next read gets after one that gave `read` bytes into `room`; `isQuiet`
 * says that there are no exchanges. A full read asks for more room; one that leaves nearly
 * all of it empty, for less. Whoever waits for a read holds its buffer.
 */
export function roomForRead(room: number, read: number, isQuiet: boolean): number {
  if (read >= room) return room >= BUSY ? BULK : room >= OPEN ? BUSY : OPEN;
  if (room === BULK && read < BUSY / 8) return BUSY;
  if (room === BUSY && read < OPEN / 2) return OPEN;
  if (room === OPEN && read < QUIET / 2 && isQuiet) return QUIET;
  return room;
}
