// Profiles being edited and tickets being written, by the form they stand beside. They outlive a change of tab: a pop
// never discards them, and neither does looking elsewhere.

import { SvelteMap } from 'svelte/reactivity';
import type { CallerMatch, Customer, CustomerBody, CustomerCard, CustomerId, FiledView, TicketId, WrapUpId, WrapUpView } from '../host/types';

export interface ProfileEdit {
  /** Whose profile and which version of it; nothing for a new customer. */
  edited: [CustomerId, number] | null;
  /** What stood there when editing began. */
  base: CustomerBody;
  /** What stands there now. */
  body: CustomerBody;
  /** Handed to the desk: shown as if it were so until the centre has answered. */
  sent: boolean;
}

export interface TicketEdit {
  title: string;
  text: string;
  /** As the field for a date and time gives it, or empty. */
  due: string;
  /** The one that was refused and is mended with this; nothing for a new one. */
  mends: TicketId | null;
}

/** A moment as the field for a date and time takes it. */
export function dueField(at: number | null): string {
  if (at === null) return '';
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** What an agent may write of a customer. */
export function bodyOf(customer: Customer): CustomerBody {
  const { name, numbers, tags, fields } = customer;
  return { name, numbers, tags, fields };
}

/** A telephone number as the desk keeps it; nothing where the text is none. */
export function cleanNumber(text: string): string | null {
  const clean = text.replace(/[\s\-.()（）/\u2010-\u2015]/g, '');
  return /^\+?[0-9*#]{2,20}$/.test(clean) ? clean : null;
}

/** Where the last change of the profile is, where one was made beside this form. */
export function profileFiled(filed: FiledView[]): FiledView | null {
  return filed.findLast(({ what }) => what.kind === 'customer') ?? null;
}

export class Edits {
  readonly #profiles = new SvelteMap<WrapUpId, ProfileEdit>();
  readonly #tickets = new SvelteMap<WrapUpId, TicketEdit>();
  /** The ticket that was handed to the desk last, until it says where it is. */
  readonly #handed = new Map<WrapUpId, TicketEdit>();

  /** The profile being edited. */
  profile(id: WrapUpId): ProfileEdit | null {
    const edit = this.#profiles.get(id);
    return edit && !edit.sent ? edit : null;
  }

  /** What was last sent, to be changed once more. */
  sent(id: WrapUpId): ProfileEdit | null {
    const edit = this.#profiles.get(id);
    return edit?.sent ? edit : null;
  }

  putProfile(id: WrapUpId, edit: ProfileEdit): void {
    this.#profiles.set(id, edit);
  }

  dropProfile(id: WrapUpId): void {
    this.#profiles.delete(id);
  }

  ticket(id: WrapUpId): TicketEdit | null {
    return this.#tickets.get(id) ?? null;
  }

  putTicket(id: WrapUpId, ticket: TicketEdit): void {
    this.#tickets.set(id, ticket);
  }

  dropTicket(id: WrapUpId): void {
    this.#tickets.delete(id);
  }

  /** The ticket goes to the desk: its form closes. */
  handTicket(id: WrapUpId): void {
    const ticket = this.#tickets.get(id);
    if (ticket) this.#handed.set(id, ticket);
    this.#tickets.delete(id);
  }

  /** What was handed over last under a title: this computer did not keep it, so that nobody else has it. */
  handed(id: WrapUpId, title: string): TicketEdit | null {
    const ticket = this.#handed.get(id);
    return ticket?.title.trim() === title ? ticket : null;
  }

  /** The card with what was just saved in it, until the centre's own says so. */
  over(id: WrapUpId, card: CustomerCard | null, caller: CallerMatch, filed: FiledView[]): CustomerCard | null {
    const edit = this.sent(id);
    if (!edit || caller.kind !== 'known') return card;
    if (card && (edit.edited === null || card.customer.version > edit.edited[1])) return card;
    const saved = profileFiled(filed)?.saved;
    if (card && (saved === undefined || saved.kind === 'refused')) return card;
    if (card) return { ...card, customer: { ...card.customer, ...edit.body } };
    return { customer: { id: caller.customer.id, reference: '', home: null, version: 0, ...edit.body }, calls: [], tickets: [], records: [] };
  }

  /** Drops what stands beside forms the desk no longer holds. */
  keep(open: WrapUpView[]): void {
    const ids = new Set(open.map((form) => form.id));
    for (const map of [this.#profiles, this.#tickets, this.#handed]) {
      for (const id of map.keys()) if (!ids.has(id)) map.delete(id);
    }
  }

  forget(): void {
    this.#profiles.clear();
    this.#tickets.clear();
    this.#handed.clear();
  }
}
