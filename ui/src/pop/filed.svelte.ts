// What was filed and not taken, as it was written: fetched when it is to be mended, or compared with what somebody else wrote.

import { SvelteMap } from 'svelte/reactivity';
import type { Host } from '../host/host';
import type { Filed, FiledText, FiledView, WrapUpView } from '../host/types';

export type FiledState = { kind: 'loading' } | { kind: 'failed' } | { kind: 'ready'; text: FiledText };

const LOADING: FiledState = { kind: 'loading' };

function keyOf(what: Filed): string {
  return `${what.kind} ${what.id}`;
}

export class FiledTexts {
  readonly #host: Host;
  readonly #states = new SvelteMap<string, FiledState>();
  /** For which state of things a text was fetched. */
  readonly #fetched = new Map<string, string>();

  constructor(host: Host) {
    this.#host = host;
  }

  state(what: Filed): FiledState {
    return this.#states.get(keyOf(what)) ?? LOADING;
  }

  /** Sees to it that the text is there; again when `about` has changed. */
  want({ what, saved }: FiledView, about: unknown): void {
    const key = keyOf(what);
    const stand = JSON.stringify([saved, about]);
    if (this.#fetched.get(key) === stand) return;
    this.#fetched.set(key, stand);
    void this.fetch(what);
  }

  /** Asks for the text. Nothing: it is not to be had. */
  async fetch(what: Filed): Promise<FiledText | null> {
    const key = keyOf(what);
    try {
      const { text } = await this.#host.query({ kind: 'filed', what });
      this.#states.set(key, text === null ? { kind: 'failed' } : { kind: 'ready', text });
      return text;
    } catch {
      this.#states.set(key, { kind: 'failed' });
      return null;
    }
  }

  /** Drops what the desk no longer holds as refused. */
  keep(open: WrapUpView[]): void {
    const refused = new Set(open.flatMap(({ filed }) => filed.filter(({ can }) => can.length > 0).map(({ what }) => keyOf(what))));
    for (const key of this.#states.keys()) {
      if (refused.has(key)) continue;
      this.#states.delete(key);
      this.#fetched.delete(key);
    }
  }

  forget(): void {
    this.#states.clear();
    this.#fetched.clear();
  }
}
