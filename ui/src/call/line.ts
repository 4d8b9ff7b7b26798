// What the stage says about a caller, from the view and the card. Pure.

import type { CallView, CallerMatch, CustomerCard, PhoneNumber } from '../host/types';
import type { Messages } from '../i18n';
import { phone } from '../i18n';

const THIRTY_DAYS_MS = 30 * 24 * 3600 * 1000;

/** The big name: the customer, else what the network said, else the number while it is looked up, else why there is none. */
export function callerTitle(caller: CallerMatch, callerName: string | null, number: PhoneNumber | null, m: Messages): string {
  if (caller.kind === 'known') return caller.customer.name;
  if (callerName) return callerName;
  if (number === null) return m.phone.withheld;
  return caller.kind === 'looking' ? phone(number) : m.phone.unknownNumber;
}

/** The customer's number as it is read, or that it was withheld. */
export function callerNumber(number: PhoneNumber | null, m: Messages): string {
  return number === null ? m.phone.withheld : phone(number);
}

/** The how-manieth call of this customer within 30 days this one is; nothing where it is the first. */
export function recentCalls(card: CustomerCard | null, now: number): number | null {
  if (!card) return null;
  const earlier = card.calls.filter((call) => call.direction === 'inbound' && now - call.at < THIRTY_DAYS_MS).length;
  return earlier > 0 ? earlier + 1 : null;
}

/** How long the customer has been on hold in this call, earlier holds and this one together, in milliseconds. */
export function heldMillis(call: CallView, now: number): number {
  return call.held_millis + (call.held_since === null ? 0 : Math.max(0, now - call.held_since));
}
