// The customer cards of the open records, fetched when they are looked at and again when the look-up says more.

import { SvelteMap } from 'svelte/reactivity';
import type { Host } from '../host/host';
import type { CallerMatch, CallId, CustomerCard, CustomerId } from '../host/types';

export type CardState =
  | { kind: 'loading' }
  | { kind: 'failed' }
  | { kind: 'ready'; cards: CustomerCard[]; stale: boolean };

export class Cards {
  readonly #host: Host;
  readonly #states = new SvelteMap<CallId, CardState>();
  /** For which answer of the look-up a card was fetched. */
  readonly #fetched = new Map<CallId, string>();
  /** Whom the agent picked where several share the number. */
  readonly #picked = new SvelteMap<CallId, CustomerId>();

  constructor(host: Host) {
    this.#host = host;
  }

  state(call: CallId): CardState {
    return this.#states.get(call) ?? { kind: 'loading' };
  }

  /** The card to show: the only one, or the one picked. */
  card(call: CallId): CustomerCard | null {
    const state = this.state(call);
    if (state.kind !== 'ready') return null;
    const picked = this.#picked.get(call);
    if (picked !== undefined) return state.cards.find((card) => card.customer.id === picked) ?? null;
    return state.cards.length === 1 ? (state.cards[0] ?? null) : null;
  }

  pick(call: CallId, customer: CustomerId | null): void {
    if (customer === null) this.#picked.delete(call);
    else this.#picked.set(call, customer);
  }

  /** Sees to it that the card of a call is there, as far as the look-up has answered. */
  want(call: CallId, caller: CallerMatch): void {
    const key = JSON.stringify(caller);
    if (caller.kind === 'looking' || this.#fetched.get(call) === key) return;
    this.#fetched.set(call, key);
    this.#fetch(call, key);
  }

  again(call: CallId): void {
    const key = this.#fetched.get(call);
    if (key === undefined) return;
    this.#states.set(call, { kind: 'loading' });
    this.#fetch(call, key);
  }

  forget(): void {
    this.#states.clear();
    this.#fetched.clear();
    this.#picked.clear();
  }

  #fetch(call: CallId, key: string): void {
    const stillWanted = () => this.#fetched.get(call) === key;
    this.#host.query({ kind: 'card', call }).then(
      ({ cards, stale }) => {
        if (stillWanted()) this.#states.set(call, { kind: 'ready', cards, stale });
      },
      () => {
        if (stillWanted()) this.#states.set(call, { kind: 'failed' });
      },
    );
  }
}
