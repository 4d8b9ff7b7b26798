// What stands in the forms. Loaded once when a record is opened; from then on the interface's own text is the truth, and
// no snapshot writes into it. Each change goes to the desk, which saves it.

import { SvelteMap } from 'svelte/reactivity';
import type { Host } from '../host/host';
import type { Command, FieldId, FieldValue, WrapUpId, WrapUpView } from '../host/types';

export type FormState = { kind: 'loading' } | { kind: 'failed' } | { kind: 'ready'; values: Record<FieldId, FieldValue> };

const LOADING: FormState = { kind: 'loading' };

export class Forms {
  readonly #host: Host;
  readonly #send: (command: Command) => void;
  readonly #states = new SvelteMap<WrapUpId, FormState>();
  readonly #asked = new Set<WrapUpId>();

  constructor(host: Host, send: (command: Command) => void) {
    this.#host = host;
    this.#send = send;
  }

  state(id: WrapUpId): FormState {
    return this.#states.get(id) ?? LOADING;
  }

  /** Loads the text of a form that was not opened before. */
  open(id: WrapUpId): void {
    if (this.#asked.has(id)) return;
    this.#asked.add(id);
    this.#host.query({ kind: 'draft', wrap_up: id }).then(
      ({ draft }) => {
        if (!this.#asked.has(id)) return;
        this.#states.set(id, { kind: 'ready', values: { ...draft?.values } });
      },
      () => this.#states.set(id, { kind: 'failed' }),
    );
  }

  again(id: WrapUpId): void {
    this.#asked.delete(id);
    this.#states.delete(id);
    this.open(id);
  }

  edit(id: WrapUpId, field: FieldId, value: FieldValue): void {
    const state = this.state(id);
    if (state.kind !== 'ready') return;
    this.#states.set(id, { kind: 'ready', values: { ...state.values, [field]: value } });
    this.#send({ kind: 'edit_draft', wrap_up: id, field, value });
  }

  /** Drops the text of forms the desk no longer holds. */
  keep(open: WrapUpView[]): void {
    const ids = new Set(open.map((form) => form.id));
    for (const id of this.#states.keys()) {
      if (ids.has(id)) continue;
      this.#states.delete(id);
      this.#asked.delete(id);
    }
  }

  forget(): void {
    this.#states.clear();
    this.#asked.clear();
  }
}

export function isBlank(value: FieldValue | undefined): boolean {
  return value === undefined || (typeof value === 'string' ? value.trim() === '' : value.length === 0);
}
