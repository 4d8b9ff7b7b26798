// Profiles being edited and tickets being written, by the form they stand beside. They outlive a change of tab: a pop
// never discards them, and neither does looking elsewhere.

import { SvelteMap } from 'svelte/reactivity';
import type { CallerMatch, Customer, CustomerBody, CustomerCard, CustomerId, FiledView, WrapUpId, WrapUpView } from '../host/types';

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

/** Puts what was changed here on top of what the profile has become elsewhere. */
export function rebase({ base, body }: ProfileEdit, fresh: Customer): ProfileEdit {
  const now = bodyOf(fresh);
  const changed = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
  const mine = (label: string) => {
    const at = (fields: CustomerBody['fields']) => fields.find((field) => JSON.stringify(field.label) === label)?.value;
    return changed(at(base.fields), at(body.fields)) ? at(body.fields) : undefined;
  };
  return {
    edited: [fresh.id, fresh.version],
    base: now,
    body: {
      name: changed(base.name, body.name) ? body.name : now.name,
      numbers: changed(base.numbers, body.numbers) ? body.numbers : now.numbers,
      tags: [...now.tags.filter((tag) => body.tags.includes(tag) || !base.tags.includes(tag)), ...body.tags.filter((tag) => !base.tags.includes(tag) && !now.tags.includes(tag))],
      fields: now.fields.map((field) => ({ label: field.label, value: mine(JSON.stringify(field.label)) ?? field.value })),
    },
    sent: false,
  };
}

/** Where the last change of the profile is, where one was made beside this form. */
export function profileFiled(filed: FiledView[]): FiledView | null {
  return filed.findLast(({ what }) => what.kind === 'customer') ?? null;
}

export class Edits {
  readonly #profiles = new SvelteMap<WrapUpId, ProfileEdit>();
  readonly #tickets = new SvelteMap<WrapUpId, TicketEdit>();

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
    for (const map of [this.#profiles, this.#tickets]) {
      for (const id of map.keys()) if (!ids.has(id)) map.delete(id);
    }
  }

  forget(): void {
    this.#profiles.clear();
    this.#tickets.clear();
  }
}
