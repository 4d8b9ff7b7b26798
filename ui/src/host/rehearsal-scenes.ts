// The scripted screens, by name.

import { groups, people, SHARED_NUMBER, type Person, type Tongue } from './rehearsal-data';
import type { Again, AgentProfile, CallerMatch, CallView, Code, Draft, LinkView, Presence, PresenceReason, View, WrapUpView } from './types';

export interface Scene {
  view: View;
  drafts: Map<string, Draft>;
  /** Nothing was ever recorded. */
  empty: boolean;
}

/** The present of the scene that is being set. */
let now = Date.now();
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const up: LinkView = { kind: 'up' };
const down = (error: Code | null): LinkView => ({ kind: 'connecting', error });

const words = {
  zh: {
    live: '客户反映 21 日报修后底座仍渗水，进水阀已关。工程师昨天没有按约上门，客户着急。已致歉，正在确认今天 18:00 后能否加急',
    done: '客户要求 11 月 25 日 18:00 后上门。已与维修调度确认，工程师张师傅，上门前 30 分钟电话联系。',
    draft: '扫地机回充失败，充电座指示灯不亮。指导客户换插座后恢复，但夜间又断电一次。客户希望换新充电座，已说明保修期内免费，寄送地址待客户',
    tags: ['渗水', '催单'],
    ticket: '底座渗水，二次上门',
  },
  en: {
    live: 'Base still leaks after the repair call of the 21st; inlet valve is shut. Nobody came yesterday as promised and she is upset. Apologised, checking whether someone can come after 6 pm today',
    done: 'Customer asks for a visit on 25 Nov after 6 pm. Confirmed with dispatch: R. Alvarez comes and calls 30 minutes ahead.',
    draft: 'Robot does not dock, the lamp of the base stays dark. Another socket helped, but it lost power again at night. Wants a new base; told her it is free under warranty, address to be',
    tags: ['Leak', 'Chasing'],
    ticket: 'Base leaks, second visit',
  },
} as const;

function known(person: Person, stale = false): CallerMatch {
  return { kind: 'known', customer: { id: person.id, name: person.name }, stale };
}

function callOf(person: Person, change: Partial<CallView> = {}): CallView {
  return {
    call: 'call-now', leg: 'leg-now', direction: 'inbound', number: person.number, caller_name: null, caller: known(person), skill_group: groups.afterSales,
    phase: 'offered', offered_at: now - 7 * SECOND, answer_by: now + 23 * SECOND, ring_millis: 30 * SECOND, queued_since: now - 91 * SECOND, answered_at: null,
    muted: { wanted: false, confirmed: false }, held: { wanted: false, confirmed: false }, held_since: null, held_millis: 0, keyed: '', heard_keys: '', caller_id: null,
    wrap_up: 'wrap-now', can: ['answer', 'decline'], ...change,
  };
}

const liveCall = (person: Person, change: Partial<CallView> = {}) =>
  callOf(person, {
    phase: 'live', answer_by: null, ring_millis: null, offered_at: now - 211 * SECOND, queued_since: now - 295 * SECOND, answered_at: now - 206 * SECOND,
    can: ['hang_up', 'mute', 'hold', 'press'], ...change,
  });

export const CALLER_ID = '057115550188';

/** A call of ours, not answered yet. */
const ownCall = (person: Person, change: Partial<CallView> = {}) =>
  callOf(person, {
    direction: 'outbound', phase: 'alerting', skill_group: null, answer_by: null, ring_millis: null, queued_since: null, offered_at: now - 9 * SECOND, caller_id: CALLER_ID,
    can: ['hang_up'], ...change,
  });

/** What may be done beside a form, whatever the form is. */
const filing = ['save_customer', 'create_ticket'] as const;

function formOf(person: Person, change: Partial<WrapUpView> = {}): WrapUpView {
  return {
    id: 'wrap-now', call: 'call-now', number: person.number, caller: known(person), direction: 'inbound', skill_group: groups.afterSales,
    offered_at: now - 7 * SECOND, answered_at: null, ended_at: null, ended_by: null, outcome: null, saved: { kind: 'blank' }, filed: [], missing: ['summary', 'disposition'],
    can: ['edit', ...filing], ...change,
  };
}

/** A form of an earlier call. */
const older = (person: Person, id: string, change: Partial<WrapUpView>) =>
  formOf(person, {
    id, call: `call-${id}`, offered_at: now - 86 * MINUTE, answered_at: now - 86 * MINUTE + 5 * SECOND, ended_at: now - 77 * MINUTE, ended_by: 'customer', outcome: 'connected',
    can: ['edit', 'submit', ...filing], missing: ['disposition'], saved: { kind: 'saved', at: now - 75 * MINUTE }, ...change,
  });

const endedForm = (person: Person, change: Partial<WrapUpView> = {}) =>
  formOf(person, {
    offered_at: now - 500 * SECOND, answered_at: now - 494 * SECOND, ended_at: now - 72 * SECOND, ended_by: 'customer', outcome: 'connected', missing: [],
    saved: { kind: 'saved', at: now - 4 * SECOND }, can: ['edit', 'submit', 'submit_and_start_answering', 'redial', ...filing], ...change,
  });

function draftOf(form: WrapUpView, values: Draft['values']): Draft {
  return {
    wrap_up: form.id, call: form.call, legs: ['leg-now'], direction: form.direction, number: form.number, customer: null, skill_group: form.skill_group,
    offered_at: form.offered_at, answered_at: form.answered_at, ended_at: form.ended_at, ended_by: form.ended_by, outcome: form.outcome, form_version: 1, values, edit: 1,
  };
}

function presence(which: Presence, reason: PresenceReason = 'by_hand', since = 761 * SECOND): View['presence'] {
  return { wanted: which, confirmed: { presence: which, reason, since: now - since, revision: 1 }, unconfirmed: false, check_out_queued: false };
}

const agentOf = (tongue: Tongue): AgentProfile => ({
  id: 'agent', name: tongue === 'en' ? 'Hannah Price' : '林晓峰', extension: tongue === 'en' ? '1003' : '1001', role: 'agent', listen_recordings: true,
  skill_groups: [{ id: 'g1', name: groups.afterSales }, { id: 'g2', name: groups.members }, { id: 'g3', name: groups.installation }],
});

export const screens = [
  'signin', 'signin-error', 'signin-roots', 'signin-busy', 'out', 'ready', 'break', 'empty', 'ringing', 'late', 'typing', 'several', 'unknown', 'unavailable', 'stale', 'looking', 'live',
  'muted', 'dialling', 'alerting', 'held', 'ended-busy', 'filed', 'conflict', 'profile-refused', 'ticket-refused', 'away', 'away-password', 'away-refused', 'account', 'account-dialling', 'signin-account', 'wrapup', 'limited', 'limited-late', 'incomplete', 'waiting', 'synced', 'refused', 'offline', 'connecting', 'notices', 'unopened',
] as const;

export function scene(name: string, tongue: Tongue): Scene {
  now = Date.now();
  const { first, second, third } = people[tongue];
  const w = words[tongue];
  const draftForm = older(second, 'wrap-2', {});
  const waitingForm = older(third, 'wrap-3', { saved: { kind: 'waiting', since: now - 40 * MINUTE, error: null }, can: [], missing: [], offered_at: now - 60 * MINUTE });
  const others = [draftForm, waitingForm];
  const drafts = new Map<string, Draft>([[draftForm.id, draftOf(draftForm, { summary: w.draft, tags: [...w.tags] })]]);
  drafts.set(waitingForm.id, draftOf(waitingForm, { summary: w.done, disposition: 'member', tags: [] }));
  const put = (form: WrapUpView, values: Draft['values']) => {
    drafts.set(form.id, draftOf(form, values));
    return form;
  };
  const written = { summary: w.live, disposition: 'overdue', tags: [...w.tags] };
  const done = { summary: w.done, disposition: 'overdue', tags: [...w.tags] };

  const base: View = {
    revision: 1,
    session: {
      kind: 'signed_in',
      agent: agentOf(tongue),
      local: false,
    },
    links: { api: up, sip: up },
    presence: presence('ready'),
    activity: 'free',
    activity_since: now - 761 * SECOND,
    wrap_up_until: null,
    can: ['sign_out', 'set_break', 'check_out'],
    cannot_dial: null,
    cannot_play: null,
    playback: null,
    call_list: 0,
    calls: [],
    wrap_ups: others,
    queues: [
      { skill_group: 'g1', name: groups.afterSales, waiting: 3, oldest_since: now - 84 * SECOND, ready_agents: 6 },
      { skill_group: 'g2', name: groups.members, waiting: 1, oldest_since: now - 18 * SECOND, ready_agents: 4 },
      { skill_group: 'g3', name: groups.installation, waiting: 0, oldest_since: null, ready_agents: 2 },
    ],
    notices: [],
    next: null,
  };
  const at = (change: Partial<View>, empty = false): Scene => ({ view: { ...base, ...change }, drafts, empty });

  const ringing = (caller: CallerMatch, change: Partial<CallView> = {}, can: WrapUpView['can'] = ['edit', ...filing]) =>
    at({
      calls: [callOf(first, { caller, ...change })], wrap_ups: [put(formOf(first, { caller, can, number: change.number === undefined ? first.number : change.number }), {}), ...others], activity: 'ringing',
      cannot_dial: 'line_busy',
      next: { kind: 'answer', leg: 'leg-now' },
    });
  const wrapping = (change: Partial<WrapUpView>, view: Partial<View> = {}, values: Draft['values'] = done) =>
    at({
      wrap_ups: [put(endedForm(first, change), values), ...others], activity: 'wrap_up', activity_since: now - 72 * SECOND,
      can: ['sign_out', 'set_break', 'check_out', 'start_answering', 'back_to_break'], next: { kind: 'submit_and_start_answering', wrap_up: 'wrap-now' }, ...view,
    });
  const limited = (left: number) =>
    wrapping({}, { can: ['sign_out', 'set_break', 'check_out', 'start_answering', 'back_to_break', 'extend_wrap_up'], wrap_up_until: now + left });
  const live = (change: Partial<CallView> = {}) =>
    at({
      calls: [liveCall(first, change)], activity: 'talking', cannot_dial: 'line_busy',
      wrap_ups: [put(formOf(first, { saved: { kind: 'saved', at: now - 3 * SECOND }, answered_at: now - 206 * SECOND }), written), ...others],
    });

  const calling = (change: Partial<CallView>) =>
    at({
      calls: [ownCall(first, change)], activity: 'dialling', cannot_dial: 'line_busy', can: ['check_out'],
      wrap_ups: [put(formOf(first, { direction: 'outbound', skill_group: null }), {}), ...others],
    });
  const local = {
    session: {
      kind: 'signed_in', local: true,
      agent: { id: 'agent', name: '1001', extension: '1001', role: 'agent', skill_groups: [], listen_recordings: false },
    },
    links: { api: { kind: 'off' }, sip: up }, queues: [], wrap_ups: [],
  } satisfies Partial<View>;

  /** Opened while the centre is away: three forms of the day, one with a refused ticket. */
  const away = (again: Again): Partial<View> => ({
    session: { kind: 'offline', agent: agentOf(tongue), why: 'unreachable', again },
    links: { api: down('unreachable'), sip: { kind: 'off' } }, presence: null, queues: [], cannot_dial: 'unreachable', activity_since: null,
    can: again.kind === 'asks_password' ? ['sign_out', 'sign_in_again'] : ['sign_out'],
    wrap_ups: [
      put(older(first, 'wrap-1', {
        caller: known(first, true), offered_at: now - 25 * MINUTE, missing: [], saved: { kind: 'saved', at: now - 8 * SECOND },
        filed: [{ what: { kind: 'ticket', id: 'ticket-1' }, title: w.ticket, saved: { kind: 'waiting', since: now - 60 * SECOND, error: null }, can: [] }],
      }), done),
      ...others,
    ],
  });

  switch (name) {
    case 'signin-account':
    case 'signin':
      return at({ session: { kind: 'signed_out', error: null }, can: ['sign_in'] });
    case 'signin-error':
      return at({ session: { kind: 'signed_out', error: 'connection_refused' }, can: ['sign_in'] });
    case 'signin-roots':
      return at({ session: { kind: 'signed_out', error: 'roots_invalid' }, can: ['sign_in'] });
    case 'signin-busy':
      return at({ session: { kind: 'signing_in' }, can: ['sign_out'] });
    case 'out':
      return at({ presence: presence('checked_out', 'signed_in', 4 * SECOND), links: { api: up, sip: up }, can: ['sign_out', 'check_in'], cannot_dial: 'not_checked_in', next: { kind: 'check_in' }, wrap_ups: [] });
    case 'break':
      return at({ presence: presence('break', 'ring_no_answer', 8 * SECOND), can: ['sign_out', 'set_ready', 'check_out'], next: { kind: 'back_to_ready' } });
    case 'empty':
      return at({ wrap_ups: [] }, true);
    case 'ringing':
    case 'typing':
      return ringing(known(first));
    case 'late':
      return ringing(known(first), { answer_by: now + 8 * SECOND });
    case 'several':
      return ringing({ kind: 'several', customers: [first, second].map(({ id, name: called }) => ({ id, name: called })) }, { number: SHARED_NUMBER }, ['edit', 'choose_customer', ...filing]);
    case 'unknown':
      return ringing({ kind: 'unknown' }, { number: '075515550131' });
    case 'unavailable':
      return ringing({ kind: 'unavailable' });
    case 'stale':
      return ringing(known(first, true));
    case 'looking':
      return ringing({ kind: 'looking' });
    case 'live':
      return live();
    case 'muted':
      return live({ muted: { wanted: true, confirmed: true }, can: ['hang_up', 'unmute', 'hold', 'press'] });
    case 'held':
      return live({ held: { wanted: true, confirmed: true }, held_since: now - 38 * SECOND, held_millis: 21 * SECOND, can: ['hang_up', 'mute', 'retrieve'] });
    case 'dialling':
      return calling({ phase: 'dialling', offered_at: now - SECOND });
    case 'alerting':
      return calling({});
    case 'ended-busy':
      return wrapping(
        {
          direction: 'outbound', skill_group: null, offered_at: now - 21 * SECOND, answered_at: null, ended_at: now - 4 * SECOND, outcome: 'busy', saved: { kind: 'blank' },
          missing: ['summary', 'disposition'],
        },
        { activity_since: now - 4 * SECOND, notices: [{ id: 1, at: now, about: { kind: 'not_reached', number: first.number, outcome: 'busy' } }] }, {},
      );
    case 'filed':
      return wrapping({
        filed: [
          { what: { kind: 'customer', id: first.id }, title: first.name, saved: { kind: 'synced', at: now - 20 * SECOND }, can: [] },
          { what: { kind: 'ticket', id: 'ticket-1' }, title: w.ticket, saved: { kind: 'waiting', since: now - 9 * SECOND, error: 'unreachable' }, can: [] },
        ],
      });
    case 'conflict':
      return wrapping({ filed: [{ what: { kind: 'customer', id: first.id }, title: first.name, saved: { kind: 'refused', code: 'conflict' }, can: ['compare', 'give_up'] }] });
    case 'profile-refused':
      return wrapping({ filed: [{ what: { kind: 'customer', id: first.id }, title: first.name, saved: { kind: 'refused', code: 'forbidden' }, can: ['mend', 'give_up'] }] });
    case 'ticket-refused':
      return wrapping({ filed: [{ what: { kind: 'ticket', id: 'ticket-1' }, title: w.ticket, saved: { kind: 'refused', code: 'malformed' }, can: ['mend', 'give_up'] }] });
    case 'away':
      return at(away({ kind: 'by_itself' }));
    case 'away-password':
      return at(away({ kind: 'asks_password', error: null }));
    case 'away-refused':
      return at({ ...away({ kind: 'asks_password', error: 'wrong_password' }), links: { api: up, sip: { kind: 'off' } } });
    case 'account':
      return at(local);
    case 'account-dialling':
      return at({ ...local, ...calling({ caller_id: null }).view, session: local.session, links: local.links, queues: [] });
    case 'wrapup':
      return wrapping({});
    case 'limited':
      return limited(75 * SECOND);
    case 'limited-late':
      return limited(11 * SECOND);
    case 'incomplete':
      return wrapping(
        { missing: ['disposition'] },
        { notices: [{ id: 1, at: now, about: { kind: 'incomplete', wrap_up: 'wrap-now', fields: ['disposition'] } }] },
        { summary: w.done, tags: [...w.tags] },
      );
    case 'waiting':
      return wrapping({ saved: { kind: 'waiting', since: now - 9 * SECOND, error: 'unreachable' }, can: [] }, { next: { kind: 'start_answering' } });
    case 'synced':
      return wrapping({ saved: { kind: 'synced', at: now - 2 * SECOND }, can: [] }, { next: { kind: 'start_answering' } });
    case 'refused':
      return wrapping({ saved: { kind: 'refused', code: 'malformed' } });
    case 'offline':
      return wrapping({ caller: known(first, true) }, { links: { api: down('unreachable'), sip: down('registration_lost') }, cannot_dial: 'registration_lost' });
    case 'connecting':
      return at({ links: { api: up, sip: down(null) }, cannot_dial: 'registration_lost' });
    case 'notices':
      return at({
        presence: presence('break', 'ring_no_answer', 8 * SECOND), can: ['sign_out', 'set_ready', 'check_out'], next: { kind: 'back_to_ready' },
        notices: [
          { id: 1, at: now, about: { kind: 'call_gone', number: '12500550108', outcome: 'abandoned_while_ringing' } },
          { id: 2, at: now, about: { kind: 'presence_changed', state: { presence: 'break', reason: 'ring_no_answer', since: now, revision: 2 } } },
        ],
      });
    default:
      return at({});
  }
}
