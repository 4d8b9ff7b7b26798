// Notices as toasts: what happened, why, and one action. Pure.

import type { Command, FieldId, FormDefinition, Notice, View, WrapUpId } from '../host/types';
import { phone, type Messages } from '../i18n';
import type { IconName } from '../kit/icons';

export interface ToastFace {
  icon: IconName;
  tone: 'warn' | 'plain';
  title: string;
  body: string;
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
        passing: false,
        action: back
          ? { label: m.phone.backToReady, command: { kind: 'set_presence', presence: 'ready' } }
          : checkIn
            ? { label: m.phone.checkIn, command: { kind: 'check_in' } }
            : null,
      };
    }
    case 'call_gone':
      return { icon: 'abandoned', tone: 'plain', title: about.number === null ? m.phone.withheld : phone(about.number), body: m.gone[about.outcome], passing: true, action: null };
    case 'failed':
      return { icon: 'warn', tone: 'warn', title: m.notices.failedTitle, body: m.codes[about.code], passing: true, action: null };
    case 'incomplete':
      return {
        icon: 'warn',
        tone: 'warn',
        title: m.notices.incompleteTitle,
        body: m.notices.incompleteBody(about.fields.map((field) => (definition ? label(field) : field))),
        passing: true,
        action: { label: m.notices.openDraft, open: about.wrap_up },
      };
  }
}
