// The keys of the desk. A key does what its button does, or nothing.

import { padKey } from '../call/pad.svelte';
import type { CallView, Command, View } from '../host/types';

export interface KeyTargets {
  view: View;
  /** The keypad of the call is open, and nobody writes elsewhere: digits go to the call. */
  keys: boolean;
  /** The next action; rests after a change of state. */
  act: () => void;
  hold: (call: CallView) => void;
  /** Opens or closes the keypad of the call. */
  keypad: (call: CallView) => void;
  /** A key of the keypad. */
  press: (call: CallView, key: string) => void;
  /** To the dial field. */
  dial: () => void;
  editProfile: () => void;
  newTicket: () => void;
  send: (command: Command) => void;
  submit: () => void;
  /** Opens record n, from 1. */
  open: (n: number) => void;
}

/** Handles a key press; tells whether it was one of ours. */
export function pressed(event: KeyboardEvent, to: KeyTargets): boolean {
  if (event.isComposing || event.defaultPrevented) return false;
  const ctrl = event.ctrlKey || event.metaKey;
  if (ctrl) return !event.altKey && !event.shiftKey && withCtrl(event, to);
  if (event.altKey) return !event.shiftKey && !event.repeat && withAlt(event, to);
  if (event.key === 'Escape' && event.shiftKey) {
    if (!event.repeat) end(to);
    return true;
  }
  return plain(event, to);
}

function plain(event: KeyboardEvent, { view, keys, act, hold, keypad, press, send }: KeyTargets): boolean {
  const call = view.calls[0];
  const key = padKey(event.key);
  if (keys && call && key !== null) {
    if (!event.repeat) press(call, key);
    return true;
  }
  if (event.shiftKey) return false;
  switch (event.key) {
    case 'F2':
      if (!event.repeat) act();
      return true;
    case 'F3':
      if (!event.repeat && call && (call.can.includes('mute') || call.can.includes('unmute'))) send({ kind: 'set_muted', leg: call.leg, muted: !call.muted.wanted });
      return true;
    case 'F4':
      if (!event.repeat && call) hold(call);
      return true;
    case 'F6':
      if (!event.repeat && call) keypad(call);
      return true;
    case 'Escape':
      if (keys && call) keypad(call);
      return keys;
    default:
      return false;
  }
}

function withCtrl(event: KeyboardEvent, { submit, open, dial, editProfile, newTicket }: KeyTargets): boolean {
  if (/^[1-9]$/.test(event.key)) {
    open(Number(event.key));
    return true;
  }
  const does = { enter: submit, d: dial, e: editProfile, t: newTicket }[event.key.toLowerCase()];
  if (does && !event.repeat) does();
  return does !== undefined;
}

function withAlt(event: KeyboardEvent, { view, send }: KeyTargets): boolean {
  switch (event.code) {
    case 'Digit1':
      if (view.can.includes('set_ready')) send({ kind: 'set_presence', presence: 'ready' });
      else if (view.can.includes('check_in')) send({ kind: 'check_in' });
      return true;
    case 'Digit2':
      if (view.can.includes('set_break')) send({ kind: 'set_presence', presence: 'break' });
      return true;
    case 'Digit0':
      if (view.can.includes('check_out')) send({ kind: 'check_out' });
      return true;
    default:
      return false;
  }
}

/** Hangs up, takes an own call back, or declines. */
function end({ view, send }: KeyTargets): void {
  const call = view.calls[0];
  if (!call) return;
  if (call.can.includes('hang_up')) send({ kind: 'hang_up', leg: call.leg });
  else if (call.can.includes('decline')) send({ kind: 'decline', leg: call.leg });
}
