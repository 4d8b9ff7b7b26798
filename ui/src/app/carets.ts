// Where the caret stood in each record, so that one who comes back types on there.

import type { WrapUpId } from '../host/types';

interface Caret {
  /** Which of the record's fields. */
  field: number;
  start: number | null;
  end: number | null;
  scroll: number;
}

const fieldsOf = (pane: HTMLElement) => [...pane.querySelectorAll<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>('input, textarea, select')];

export class Carets {
  readonly #carets = new Map<WrapUpId, Caret>();

  /** Notes where the caret stands or stood, when a field of a record is left. */
  note(id: WrapUpId, pane: HTMLElement, left: EventTarget | null): void {
    const field = fieldsOf(pane).findIndex((one) => one === left);
    if (field < 0 || left === null) return;
    const text = left instanceof HTMLTextAreaElement || (left instanceof HTMLInputElement && left.type === 'text') ? left : null;
    this.#carets.set(id, { field, start: text?.selectionStart ?? null, end: text?.selectionEnd ?? null, scroll: text?.scrollTop ?? 0 });
  }

  /** Puts the caret where it stood in a record that was typed in before. */
  restore(id: WrapUpId, pane: HTMLElement): void {
    const caret = this.#carets.get(id);
    const field = caret && fieldsOf(pane)[caret.field];
    if (!caret || !field) return;
    field.focus({ preventScroll: true });
    if (!(field instanceof HTMLSelectElement) && caret.start !== null) field.setSelectionRange(caret.start, caret.end);
    field.scrollTop = caret.scroll;
  }

  /** Forgets records that are gone. */
  keep(open: WrapUpId[]): void {
    for (const id of this.#carets.keys()) if (!open.includes(id)) this.#carets.delete(id);
  }
}
