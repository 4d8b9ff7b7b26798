// The next action: what the slot draws and F2 does. The desk chose it; here it gets its words and its command.

import type { Command, NextAction, View } from '../host/types';
import type { Messages } from '../i18n';
import type { IconName } from '../kit/icons';

export interface NextStep {
  /** Its name for the rest after a change. */
  key: string;
  label: string;
  icon: IconName | null;
  command: Command;
}

export function nextStep(next: NextAction, m: Messages): NextStep {
  switch (next.kind) {
    case 'check_in':
      return { key: next.kind, label: m.phone.checkIn, icon: 'ready', command: { kind: 'check_in' } };
    case 'answer':
      return { key: `answer ${next.leg}`, label: m.phone.answer, icon: 'answer', command: { kind: 'answer', leg: next.leg } };
    case 'submit_and_start_answering':
      return {
        key: `submit ${next.wrap_up}`, label: m.phone.submitAndStart, icon: null,
        command: { kind: 'submit_and_start_answering', wrap_up: next.wrap_up, presence: 'ready' },
      };
    case 'start_answering':
      return { key: next.kind, label: m.phone.startAnswering, icon: 'ready', command: { kind: 'start_answering', presence: 'ready' } };
    case 'back_to_ready':
      return { key: next.kind, label: m.phone.backToReady, icon: 'ready', command: { kind: 'set_presence', presence: 'ready' } };
  }
}

/** Names what the slot offers, so that it can rest when that changes. */
export function slotKey(view: View): string {
  const call = view.calls[0];
  return [view.next ? JSON.stringify(view.next) : 'none', call ? `${call.leg} ${call.phase}` : '', view.activity].join(' ');
}
