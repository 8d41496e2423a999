import type { Seat } from '#libs/protocol';

const LEAVE_TIMER = '$left:';

/** Returns the name of the timer that ends the grace period of a seat. Only the room itself may use timer names that begin with `$`. */
export function leaveTimerOf(seat: Seat): string {
  return LEAVE_TIMER + seat;
}

/** Returns the seat whose grace period this timer ends. Null: it is another timer. */
export function seatOfLeaveTimer(timer: string): Seat | null {
  return timer.startsWith(LEAVE_TIMER) ? Number(timer.slice(LEAVE_TIMER.length)) : null;
}
