// Notices as toasts: what happened, why, and one action. Pure.

import type { Code, Command, FieldId, FormDefinition, Notice, View, WrapUpId } from '../host/types';
import { phone, type Messages } from '../i18n';
import type { IconName } from '../kit/icons';

export interface ToastFace {
  icon: IconName;
  tone: 'warn' | 'plain';
  title: string;
  body: string;
  /** The stable code of what went wrong, to be quoted. */
  code: Code | null;
  /** It goes by itself. What the system changed stays until seen. */
  passing: boolean;
  action: { label: string; command: Command } | { label: string; open: WrapUpId } | null;
}

export function toastFace(notice: Notice, view: View, m: Messages, definition: FormDefinition | null, label: (field: FieldId) => string): ToastFace {
  const about = notice.about;
  switch (about.kind) {
    case 'presence_changed': {
      const back = view.can.includes('set_ready') && about.state.presence === 'break';
      const checkIn = view.can.includes('check_in');
      return {
        icon: 'warn',
        tone: 'warn',
        title: m.notices.presenceTitle(m.presences[about.state.presence]),
        body: m.presenceNews[about.state.reason],
        code: null,
        passing: false,
        action: back
          ? { label: m.phone.backToReady, command: { kind: 'set_presence', presence: 'ready' } }
          : checkIn
            ? { label: m.phone.checkIn, command: { kind: 'check_in' } }
            : null,
      };
    }
    case 'call_gone':
      return { icon: 'abandoned', tone: 'plain', title: about.number === null ? m.phone.withheld : phone(about.number), body: m.gone[about.outcome], code: null, passing: true, action: null };
    case 'not_reached':
      return { icon: 'outbound', tone: 'plain', title: about.number === null ? m.phone.unknownNumber : phone(about.number), body: m.notReached[about.outcome], code: null, passing: true, action: null };
    case 'failed':
      return { icon: 'warn', tone: 'warn', title: m.notices.failedTitle, body: m.codes[about.code], code: about.code, passing: about.code !== 'store_set_aside', action: null };
    case 'wrap_up_over':
      return { icon: 'clock', tone: 'plain', title: m.notices.wrapUpOverTitle, body: m.notices.wrapUpOverBody, code: null, passing: true, action: null };
    case 'incomplete':
      return {
        icon: 'warn',
        tone: 'warn',
        title: m.notices.incompleteTitle,
        body: m.notices.incompleteBody(about.fields.map((field) => (definition ? label(field) : field))),
        code: null,
        passing: true,
        action: { label: m.notices.openDraft, open: about.wrap_up },
      };
  }
}
