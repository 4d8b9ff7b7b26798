// The calls had with a customer, by number: fetched when a row of the call list is looked at.

import { SvelteMap } from 'svelte/reactivity';
import type { Host } from '../host/host';
import type { CustomerCard, CustomerId, PastCall, PhoneNumber } from '../host/types';

export type HistoryState = { kind: 'loading' } | { kind: 'failed' } | { kind: 'ready'; cards: CustomerCard[]; stale: boolean };

const LOADING: HistoryState = { kind: 'loading' };

export class Histories {
  readonly #host: Host;
  readonly #states = new SvelteMap<PhoneNumber, HistoryState>();

  constructor(host: Host) {
    this.#host = host;
  }

  state(number: PhoneNumber): HistoryState {
    return this.#states.get(number) ?? LOADING;
  }

  /** Asks again; what is known stays on the screen until the answer comes. */
  want(number: PhoneNumber): void {
    if (this.state(number).kind === 'failed') this.#states.set(number, LOADING);
    this.#host.query({ kind: 'customers', number }).then(
      ({ cards, stale }) => this.#states.set(number, { kind: 'ready', cards, stale }),
      () => {
        if (this.state(number).kind !== 'ready') this.#states.set(number, { kind: 'failed' });
      },
    );
  }

  forget(): void {
    this.#states.clear();
  }
}

/** The calls with this customer; with all who share the number where it is not known which. Newest first. */
export function callsWith(cards: CustomerCard[], customer: CustomerId | null): PastCall[] {
  const known = cards.filter((card) => card.customer.id === customer);
  return (known.length > 0 ? known : cards).flatMap((card) => card.calls).sort((a, b) => b.at - a.at);
}
