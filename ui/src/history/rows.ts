// The call list as figures and drawers. Pure.

import type { CallResult, CallRow } from '../host/types';

export interface Today {
  answered: number;
  outbound: number;
  missed: number;
  abandoned: number;
  /** Mean talk time in milliseconds; nothing where nobody talked. */
  averageTalk: number | null;
}

/** Talk time in milliseconds; nothing where they did not talk or still do. */
export function talkOf({ record }: CallRow): number | null {
  return record.answered_at === null || record.ended_at === null ? null : record.ended_at - record.answered_at;
}

export function todayOf(rows: CallRow[], now: number): Today {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  const today: Today = { answered: 0, outbound: 0, missed: 0, abandoned: 0, averageTalk: null };
  let talked = 0;
  let talks = 0;
  for (const row of rows) {
    if (row.record.offered_at < midnight) continue;
    if (row.record.direction === 'outbound') today.outbound += 1;
    else if (row.result === 'normal') today.answered += 1;
    else if (row.result === 'missed') today.missed += 1;
    else if (row.result === 'abandoned') today.abandoned += 1;
    const talk = talkOf(row);
    if (row.result === 'normal' && talk !== null) {
      talked += talk;
      talks += 1;
    }
  }
  if (talks > 0) today.averageTalk = talked / talks;
  return today;
}

export type Drawer = 'all' | CallResult;

export function inDrawer(rows: CallRow[], drawer: Drawer): CallRow[] {
  return drawer === 'all' ? rows : rows.filter((row) => row.result === drawer);
}
