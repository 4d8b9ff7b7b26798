// The keys of the desk. A key does what its button does, or nothing.

import type { Command, View } from '../host/types';

export interface KeyTargets {
  view: View;
  /** The next action; rests after a change of state. */
  act: () => void;
  send: (command: Command) => void;
  submit: () => void;
  /** Opens record n, from 1. */
  open: (n: number) => void;
}

/** Handles a key press; tells whether it was one of ours. */
export function pressed(event: KeyboardEvent, { view, act, send, submit, open }: KeyTargets): boolean {
  if (event.isComposing) return false;
  const ctrl = event.ctrlKey || event.metaKey;
  const plain = !ctrl && !event.altKey && !event.shiftKey;
  const call = view.calls[0];

  if (event.key === 'F2' && plain) {
    if (!event.repeat) act();
    return true;
  }
  if (event.key === 'F3' && plain) {
    if (!event.repeat && call && (call.can.includes('mute') || call.can.includes('unmute'))) {
      send({ kind: 'set_muted', leg: call.leg, muted: !call.muted.wanted });
    }
    return true;
  }
  if (event.key === 'Escape' && event.shiftKey && !ctrl && !event.altKey) {
    if (event.repeat || !call) return true;
    if (call.can.includes('hang_up')) send({ kind: 'hang_up', leg: call.leg });
    else if (call.can.includes('decline')) send({ kind: 'decline', leg: call.leg });
    return true;
  }
  if (event.key === 'Enter' && ctrl && !event.altKey && !event.shiftKey) {
    if (!event.repeat) submit();
    return true;
  }
  if (ctrl && !event.altKey && !event.shiftKey && /^[1-9]$/.test(event.key)) {
    open(Number(event.key));
    return true;
  }
  if (event.altKey && !ctrl && !event.shiftKey && !event.repeat) {
    if (event.code === 'Digit1') {
      if (view.can.includes('set_ready')) send({ kind: 'set_presence', presence: 'ready' });
      else if (view.can.includes('check_in')) send({ kind: 'check_in' });
      return true;
    }
    if (event.code === 'Digit2') {
      if (view.can.includes('set_break')) send({ kind: 'set_presence', presence: 'break' });
      return true;
    }
    if (event.code === 'Digit0') {
      if (view.can.includes('check_out')) send({ kind: 'check_out' });
      return true;
    }
  }
  return false;
}
