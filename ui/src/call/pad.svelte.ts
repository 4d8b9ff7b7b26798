// What the phone column keeps between views: the number being typed, whether a pad is open, and what rests after a press.

import type { CallView, Command, LegId, View } from '../host/types';
import { Rest } from '../kit/rest.svelte';

/** Keys of the pad, as they stand on it. */
export const padKeys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'] as const;

/** What a key of the keyboard is on the pad; nothing where it is none. */
export function padKey(key: string): string | null {
  return padKeys.find((known) => known === key) ?? null;
}

export class Pad {
  /** What stands in the dial field. */
  number = $state('');
  /** In wrap-up the dial pad comes when it is asked for. */
  wanted = $state(false);
  /** What the desk or the field refused as no number. */
  #refused = $state<string | null>(null);
  /** The leg whose keypad is open. */
  #keypad = $state<LegId | null>(null);
  readonly holding = new Rest();
  readonly dialling = new Rest();
  readonly #send: (command: Command) => void;
  #tried: string | null = null;

  constructor(send: (command: Command) => void) {
    this.#send = send;
  }

  /** Whether the dial pad is on the screen. */
  shown(view: View): boolean {
    return view.calls.length === 0 && (view.activity !== 'wrap_up' || this.wanted);
  }

  /** Whether the slot dials. */
  dials(view: View): boolean {
    return this.shown(view) && this.number.trim() !== '';
  }

  /** Whether the number as it stands was tried and refused. */
  get invalid(): boolean {
    return this.#refused !== null && this.#refused === this.number;
  }

  /** Dials what was typed, as it was typed: the desk reads numbers. */
  dial(view: View): void {
    if (!this.shown(view) || this.dialling.resting) return;
    if (this.number.trim() === '') {
      this.#refused = this.number;
      return;
    }
    if (view.cannot_dial !== null) return;
    this.#tried = this.number;
    this.once({ kind: 'dial', number: this.number });
  }

  /** Sends what dials; a second press at once is the same press. */
  once(command: Command): void {
    if (this.dialling.resting) return;
    this.dialling.pressed();
    this.#send(command);
  }

  /** Follows a new view: what was dialled leaves the field, what was refused stays there with the reason. */
  follow(view: View): void {
    const call = view.calls[0];
    if (call) {
      if (call.direction === 'outbound' && this.#tried !== null) {
        this.number = '';
        this.#tried = null;
      }
      this.wanted = false;
    }
    if (view.activity !== 'wrap_up') this.wanted = false;
    if (call?.leg !== this.#keypad || call?.phase !== 'live') this.#keypad = null;
    const refusal = view.notices.find(({ about }) => about.kind === 'failed' && about.code === 'invalid_number');
    if (refusal && this.#tried !== null) {
      // Said beside the field, where it is to be changed; a notice would say it twice.
      this.#refused = this.#tried;
      this.#tried = null;
      this.#send({ kind: 'dismiss_notice', notice: refusal.id });
    }
  }

  /** Holds or retrieves; a second press at once is the same press. */
  hold(call: CallView): void {
    const can = call.can.includes('hold') || call.can.includes('retrieve');
    if (!can || this.holding.resting) return;
    this.holding.pressed();
    this.#send({ kind: 'set_held', leg: call.leg, held: !call.held.wanted });
  }

  keypadOf(call: CallView | null): boolean {
    return call !== null && call.phase === 'live' && this.#keypad === call.leg;
  }

  toggleKeypad(call: CallView): void {
    if (this.keypadOf(call)) this.#keypad = null;
    else if (call.can.includes('press')) this.#keypad = call.leg;
  }

  press(call: CallView, key: string): void {
    if (call.can.includes('press')) this.#send({ kind: 'press', leg: call.leg, key });
  }

  stop(): void {
    this.holding.stop();
    this.dialling.stop();
  }
}
