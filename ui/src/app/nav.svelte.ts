// Where the centre of the desk is. What arrives never takes over from somebody who is typing.

import type { WrapUpId } from '../host/types';
import type { OpenRecord } from './records';

export type Place = { kind: 'today' } | { kind: 'calls' } | { kind: 'record'; id: WrapUpId };

export class Nav {
  place = $state.raw<Place>({ kind: 'today' });
  /** The record shown at the side, because somebody is typing in the centre. */
  beside = $state<WrapUpId | null>(null);
  /** In a narrow window the side is folded into a tab of the centre. */
  sideShown = $state(false);
  #before: Place = { kind: 'today' };
  #seen = new Set<WrapUpId>();

  /** The record in the centre. */
  get record(): WrapUpId | null {
    return this.place.kind === 'record' ? this.place.id : null;
  }

  go(place: Place): void {
    if (place.kind !== 'record') this.#before = place;
    this.place = place;
    this.sideShown = false;
    if (place.kind === 'record' && place.id === this.beside) this.beside = null;
  }

  /** Follows the records of a new view: a call that is new opens, as does the wrap-up one is in; what is gone closes. */
  follow(records: OpenRecord[], wrapUp: WrapUpId | null, typing: boolean): void {
    const open = new Set(records.map((record) => record.id));
    if (this.beside !== null && !open.has(this.beside)) this.beside = null;
    if (this.record !== null && !open.has(this.record)) this.place = this.#back(records);
    for (const record of records) {
      if (this.#seen.has(record.id)) continue;
      this.#seen.add(record.id);
      if (!record.live && record.id !== wrapUp) continue;
      if (typing && this.record !== record.id) {
        this.beside = record.id;
      } else {
        this.beside = null;
        this.place = { kind: 'record', id: record.id };
        this.sideShown = false;
      }
    }
  }

  reset(): void {
    this.place = { kind: 'today' };
    this.#before = { kind: 'today' };
    this.beside = null;
    this.#seen.clear();
  }

  #back(records: OpenRecord[]): Place {
    const busy = records.find((record) => record.live);
    return busy ? { kind: 'record', id: busy.id } : this.#before;
  }
}

/** Whether the caret stands in something that is written in: not in a form that was submitted under it. A number being dialled is kept by the dial field, whatever comes. */
export function isTyping(focused: Element | null = document.activeElement): boolean {
  return focused instanceof HTMLElement && !focused.matches('[readonly], :disabled') && focused.matches('textarea, select, input:not([type="radio"], [type="checkbox"], [type="button"], #dial-field)');
}
