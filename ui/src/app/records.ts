// The open records: what the tabs stand for. A call and the form that opened with it are one record.

import type { CallView, CallerMatch, CallId, Direction, PhoneNumber, SavedState, Text, View, WrapUpId, WrapUpView } from '../host/types';
import type { Messages } from '../i18n';
import type { IconName } from '../kit/icons';

export interface OpenRecord {
  /** The record's name for as long as it is open. */
  id: WrapUpId;
  call: CallId;
  number: PhoneNumber | null;
  /** The name the network gave. */
  callerName: string | null;
  caller: CallerMatch;
  direction: Direction;
  skillGroup: Text | null;
  offeredAt: number;
  /** The call, while it rings or talks. */
  live: CallView | null;
  /** The form without its text. */
  form: WrapUpView | null;
}

/** How a record stands, for its tab. */
export type RecordState = 'ringing' | 'calling' | 'live' | 'wrap_up' | 'draft' | 'local' | 'waiting' | 'refused' | 'conflict' | 'synced' | 'kept';

/** Lists the records: calls first, then forms, newest first. What is synced or kept stays while one looks at it (`shown`) or is in its wrap-up. */
export function openRecords(view: View, shown: WrapUpId | null): OpenRecord[] {
  const forms = new Map(view.wrap_ups.map((form) => [form.id, form]));
  const records = view.calls.map((call): OpenRecord => ({
    id: call.wrap_up,
    call: call.call,
    number: call.number,
    callerName: call.caller_name,
    caller: call.caller,
    direction: call.direction,
    skillGroup: call.skill_group,
    offeredAt: call.offered_at,
    live: call,
    form: forms.get(call.wrap_up) ?? null,
  }));
  const current = currentWrapUp(view)?.id;
  const onTheLine = new Set(records.map((record) => record.id));
  for (const form of view.wrap_ups) {
    if (onTheLine.has(form.id)) continue;
    if (isDone(form) && form.id !== shown && form.id !== current) continue;
    records.push({
      id: form.id,
      call: form.call,
      number: form.number,
      callerName: null,
      caller: form.caller,
      direction: form.direction,
      skillGroup: form.skill_group,
      offeredAt: form.offered_at,
      live: null,
      form,
    });
  }
  return records;
}

/** The form the agent is in wrap-up with: the newest ended one, while the desk is in wrap-up. */
export function currentWrapUp(view: View): WrapUpView | null {
  if (view.activity !== 'wrap_up' || view.calls.length > 0) return null;
  return view.wrap_ups.reduce<WrapUpView | null>(
    (newest, form) => (form.ended_at !== null && form.ended_at > (newest?.ended_at ?? 0) ? form : newest),
    null,
  );
}

const callStates: Record<CallView['phase'], RecordState> = { offered: 'ringing', answering: 'ringing', dialling: 'calling', alerting: 'calling', live: 'live' };

const arrived = (saved: SavedState): boolean => saved.kind === 'synced' || saved.kind === 'kept';

/** Nothing more is to be done with the form, nor with what was filed beside it. */
export function isDone(form: WrapUpView): boolean {
  return arrived(form.saved) && form.filed.every((entry) => arrived(entry.saved));
}

/** How far what was filed beside a form is, where that is worse than the form itself. */
function besideState(form: WrapUpView): RecordState | null {
  if (form.filed.some(({ can }) => can.includes('compare'))) return 'conflict';
  if (form.filed.some(({ can }) => can.length > 0)) return 'refused';
  return arrived(form.saved) && form.filed.some(({ saved }) => !arrived(saved)) ? 'waiting' : null;
}

export function recordState(record: OpenRecord, view: View): RecordState {
  if (record.live) return callStates[record.live.phase];
  const saved: SavedState = record.form?.saved ?? { kind: 'blank' };
  const beside = record.form && besideState(record.form);
  if (beside && saved.kind !== 'refused' && saved.kind !== 'save_failed') return beside;
  switch (saved.kind) {
    case 'waiting':
    case 'submitting':
      return 'waiting';
    case 'synced':
      return 'synced';
    case 'kept':
      return 'kept';
    case 'refused':
    case 'save_failed':
      return 'refused';
    case 'blank':
    case 'unsaved':
    case 'saved':
      if (record.id === currentWrapUp(view)?.id) return view.links.api.kind === 'up' ? 'wrap_up' : 'local';
      return 'draft';
  }
}

/** The icon of each state and the class of its ink, as tabs and lists show it. */
export const recordFaces: Record<RecordState, { icon: IconName; ink: string }> = {
  ringing: { icon: 'ring', ink: 'ink-ready' },
  calling: { icon: 'outbound', ink: 'ink-live' },
  live: { icon: 'live', ink: 'ink-live' },
  wrap_up: { icon: 'wrap', ink: 'ink-wrap' },
  draft: { icon: 'wrap', ink: 'ink-wrap' },
  local: { icon: 'wrap', ink: 'ink-wrap' },
  waiting: { icon: 'waiting', ink: 'ink-break' },
  refused: { icon: 'warn', ink: 'ink-break' },
  conflict: { icon: 'warn', ink: 'ink-break' },
  synced: { icon: 'synced', ink: 'ink-ready' },
  kept: { icon: 'disk', ink: 'ink-ready' },
};

/** The word of each state, as tabs and lists say it. */
export function recordWords(m: Messages): Record<RecordState, string> {
  return {
    ringing: m.tabs.ringing, calling: m.tabs.calling, live: m.tabs.live, wrap_up: m.tabs.wrapUp, draft: m.tabs.draft, local: m.tabs.local, waiting: m.tabs.waiting,
    refused: m.tabs.refused, conflict: m.tabs.conflict, synced: m.tabs.synced, kept: m.tabs.kept,
  };
}

/** The customer's name where one is known, else the network's, else nothing. */
export function nameOf(record: Pick<OpenRecord, 'caller' | 'callerName'>): string | null {
  return record.caller.kind === 'known' ? record.caller.customer.name : record.callerName;
}
