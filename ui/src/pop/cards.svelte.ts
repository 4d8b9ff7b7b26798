// The customer cards of the open records, fetched when they are looked at and again when the look-up says more.

import { SvelteMap } from 'svelte/reactivity';
import type { Host } from '../host/host';
import type { CallerMatch, CallId, CustomerCard, FiledView } from '../host/types';

export type CardState =
  | { kind: 'loading' }
  | { kind: 'failed' }
  | { kind: 'ready'; cards: CustomerCard[]; stale: boolean };

export class Cards {
  readonly #host: Host;
  readonly #states = new SvelteMap<CallId, CardState>();
  /** For which answer of the look-up a card was fetched. */
  readonly #fetched = new Map<CallId, string>();

  constructor(host: Host) {
    this.#host = host;
  }

  state(call: CallId): CardState {
    return this.#states.get(call) ?? { kind: 'loading' };
  }

  /** The card to show: the customer's, where the desk knows which it is. */
  card(call: CallId, caller: CallerMatch): CustomerCard | null {
    const state = this.state(call);
    if (state.kind !== 'ready' || caller.kind !== 'known') return null;
    return state.cards.find((card) => card.customer.id === caller.customer.id) ?? null;
  }

  /** Sees to it that the card of a call is there, as far as the look-up has answered; again when a change of it was saved. */
  want(call: CallId, caller: CallerMatch, filed: FiledView[]): void {
    const saved = filed.filter((entry) => entry.what.kind === 'customer' && (entry.saved.kind === 'synced' || entry.saved.kind === 'kept'));
    const key = JSON.stringify([caller, saved]);
    if (caller.kind === 'looking' || this.#fetched.get(call) === key) return;
    this.#fetched.set(call, key);
    void this.#fetch(call, key);
  }

  /** Asks once more. Resolves when the answer is there. */
  async again(call: CallId): Promise<void> {
    const key = this.#fetched.get(call);
    if (key === undefined) return;
    if (this.state(call).kind === 'failed') this.#states.set(call, { kind: 'loading' });
    await this.#fetch(call, key);
  }

  forget(): void {
    this.#states.clear();
    this.#fetched.clear();
  }

  #fetch(call: CallId, key: string): Promise<void> {
    const stillWanted = () => this.#fetched.get(call) === key;
    return this.#host.query({ kind: 'card', call }).then(
      ({ cards, stale }) => {
        if (stillWanted()) this.#states.set(call, { kind: 'ready', cards, stale });
      },
      () => {
        if (stillWanted()) this.#states.set(call, { kind: 'failed' });
      },
    );
  }
}
