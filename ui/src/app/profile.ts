// Editing the profile of an open record: where the desk's store, the card and the record meet.

import { tick } from 'svelte';
import type { CustomerCard, FiledView, PhoneNumber } from '../host/types';
import type { Messages } from '../i18n';
import { bodyOf, dueField, profileFiled, type ProfileEdit } from '../pop/edits.svelte';
import type { Desk } from './desk.svelte';
import type { OpenRecord } from './records';

/** The card as it is shown: with what was just saved in it. */
export function shownCard(desk: Desk, record: OpenRecord): CustomerCard | null {
  return desk.edits.over(record.id, desk.cards.card(record.call, record.caller), record.caller, record.form?.filed ?? []);
}

/** Nobody has this number: the form for a new customer stands there by itself. */
export function isNewcomer(record: OpenRecord): boolean {
  return record.caller.kind === 'unknown' && record.number !== null && (record.form?.can.includes('save_customer') ?? false);
}

export function newProfile(number: PhoneNumber): ProfileEdit {
  const body = { name: '', numbers: [number], tags: [], fields: [] };
  return { edited: null, base: body, body, sent: false };
}

/** Why the profile cannot be edited now; null where it can. */
export function editRefusal(desk: Desk, record: OpenRecord, m: Messages): string | null {
  if (!record.form?.can.includes('save_customer')) return m.codes.not_now;
  const entry = profileFiled(record.form.filed);
  if (entry?.saved.kind === 'submitting') return m.pop.saving;
  if (entry?.can.includes('compare')) return m.pop.chooseInConflict;
  return desk.cards.card(record.call, record.caller) ? null : m.pop.notThereHint;
}

/** Opens the form on the profile, or the one for a new customer, and puts the caret in it: the agent asked for it. What was
 *  refused is changed again, and of a conflict both sides are chosen from first, so that neither is written over unseen. */
export function editProfile(desk: Desk, record: OpenRecord): void {
  const entry = profileFiled(record.form?.filed ?? []);
  if (entry?.can.includes('compare')) return;
  if (entry?.can.includes('mend') && !desk.edits.profile(record.id)) return void editAgain(desk, record, entry);
  const card = shownCard(desk, record);
  const own = desk.cards.card(record.call, record.caller);
  if (card && own && !desk.edits.profile(record.id)) {
    const body = bodyOf(card.customer);
    desk.edits.putProfile(record.id, { edited: [own.customer.id, own.customer.version], base: body, body, sent: false });
  }
  focusSoon('profile-name');
}

/** Opens the form with what was refused. */
export async function editAgain(desk: Desk, record: OpenRecord, entry: FiledView): Promise<void> {
  const sent = desk.edits.sent(record.id);
  if (sent) {
    desk.edits.putProfile(record.id, { ...sent, sent: false });
  } else {
    const text = await desk.filed.fetch(entry.what);
    if (text?.kind !== 'customer') return;
    const version = desk.cards.card(record.call, record.caller)?.customer.version ?? text.theirs?.version ?? 1;
    desk.edits.putProfile(record.id, { edited: [entry.what.id, version], base: text.theirs ? bodyOf(text.theirs) : text.mine, body: text.mine, sent: false });
  }
  focusSoon('profile-name');
}

/** Opens the form for a new ticket, and puts the caret in it. */
export function writeTicket(desk: Desk, record: OpenRecord): void {
  if (!record.form?.can.includes('create_ticket')) return;
  if (!desk.edits.ticket(record.id)) desk.edits.putTicket(record.id, { title: '', text: '', due: '', mends: null });
  focusSoon('ticket-title');
}

/** Opens the form with a ticket that was refused, as it was written. */
export async function mendTicket(desk: Desk, record: OpenRecord, entry: FiledView): Promise<void> {
  const handed = desk.edits.handed(record.id, entry.title);
  const kept = entry.saved.kind === 'save_failed' ? null : await desk.filed.fetch(entry.what);
  if (kept?.kind === 'ticket') {
    desk.edits.putTicket(record.id, { title: kept.title, text: kept.text, due: dueField(kept.due_at), mends: entry.what.id });
  } else if (handed) {
    desk.edits.putTicket(record.id, { ...handed, mends: entry.what.id });
  }
  focusSoon('ticket-title');
}

/** Puts the caret in a field that is about to be drawn. */
export function focusSoon(id: string): void {
  void tick().then(() => document.getElementById(id)?.focus());
}
