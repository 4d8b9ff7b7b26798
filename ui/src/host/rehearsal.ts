// A phone of cardboard: scripted screens with believable data, for tests and for looking at the window in a browser. It
// answers commands just well enough to click through. Never part of a production build.

import type { AnswerTo, Host, Unsubscribe } from './host';
import { account, cardsOf, formDefinition, people, rowsOf, type Tongue } from './rehearsal-data';
import { CALLER_ID, scene, type Scene } from './rehearsal-scenes';
import type { Answer, CallerMatch, CallView, Code, Command, Draft, Filed, FiledText, FiledView, Levels, Query, View } from './types';

export class RehearsalHost implements Host {
  view: View;
  /** Every command, in the order it came. */
  readonly sent: Command[] = [];
  readonly #scene: Scene;
  readonly #tongue: Tongue;
  readonly #screen: string;
  /** The language the window said last. */
  spoken: string | null = null;
  #show: (view: View) => void = () => undefined;
  #levels: (levels: Levels) => void = () => undefined;

  constructor(screen: string, tongue: Tongue) {
    this.#tongue = tongue;
    this.#screen = screen;
    this.#scene = scene(screen, tongue);
    this.view = this.#scene.view;
  }

  async send(command: Command): Promise<void> {
    this.sent.push(command);
    this.#obey(command);
  }

  async query<Q extends Query>(query: Q): Promise<AnswerTo<Q>> {
    return this.#answer(query) as AnswerTo<Q>;
  }

  onView(callback: (view: View) => void, failed: (code: Code) => void): Unsubscribe {
    if (this.#screen === 'unopened') {
      failed('profile_in_use');
      return () => undefined;
    }
    this.#show = callback;
    callback(this.view);
    return () => (this.#show = () => undefined);
  }

  onLevels(callback: (levels: Levels) => void): Unsubscribe {
    this.#levels = callback;
    return () => (this.#levels = () => undefined);
  }

  speak(language: string): void {
    this.spoken = language;
  }

  /** Shows a changed view, as the phone would. */
  publish(change: Partial<View>): void {
    this.view = { ...this.view, ...change, revision: this.view.revision + 1 };
    this.#show(this.view);
  }

  /** Tells how loud it is. */
  hear(levels: Levels): void {
    this.#levels(levels);
  }

  /** Lets both sides talk, as long as the page is open. */
  murmur(): void {
    let n = 0;
    setInterval(() => {
      n += 1;
      if (this.view.calls[0]?.phase === 'live') this.hear({ mic_dbfs: -30 - 18 * Math.abs(Math.sin(n / 3)), far_dbfs: -22 - 20 * Math.abs(Math.sin(n / 4 + 1)) });
    }, 120);
  }

  /** A call comes while somebody writes in an older form. */
  interrupt(): void {
    const { calls, wrap_ups, next, activity } = this.view;
    this.publish({ calls: [], wrap_ups: wrap_ups.slice(1), next: null, activity: 'free' });
    setTimeout(() => document.querySelector<HTMLElement>('nav .record')?.click(), 500);
    setTimeout(() => document.querySelector<HTMLElement>('textarea')?.focus(), 1000);
    setTimeout(() => this.publish({ calls, wrap_ups, next, activity }), 1500);
  }

  #answer(query: Query): Answer {
    switch (query.kind) {
      case 'draft':
        return { kind: 'draft', draft: this.#scene.drafts.get(query.wrap_up) ?? null };
      case 'card': {
        const about = [...this.view.calls, ...this.view.wrap_ups].find((one) => one.call === query.call);
        const number = about?.number ?? null;
        const known = about?.caller.kind === 'known' || about?.caller.kind === 'several';
        return { kind: 'card', number, cards: known && number ? cardsOf(this.#tongue, number) : [], stale: about?.caller.kind === 'known' && about.caller.stale };
      }
      case 'customers':
        return { kind: 'customers', cards: cardsOf(this.#tongue, query.number), stale: false };
      case 'filed':
        return { kind: 'filed', text: this.#filedText(query.what) };
      case 'form':
        return { kind: 'form', form: formDefinition };
      case 'calls':
        return { kind: 'calls', rows: this.#scene.empty ? [] : rowsOf(this.#tongue) };
      case 'settings':
        return { kind: 'settings', settings: this.#screen === 'signin-account' ? { centre: null, username: null, account, roots: null, opens_offline: false } : { centre: 'https://centre.example', username: this.#tongue === 'en' ? 'hannah' : 'lin', account: null, roots: this.#screen === 'signin-roots' ? '/etc/ssl/company.pem' : null, opens_offline: this.#screen === 'signin-error' } };
    }
  }

  #obey(command: Command): void {
    const { view } = this;
    const call = view.calls[0];
    switch (command.kind) {
      case 'set_muted':
        if (call) this.#change({ ...call, muted: { wanted: command.muted, confirmed: command.muted }, can: call.can.map((action) => (action === 'mute' || action === 'unmute' ? (command.muted ? 'unmute' : 'mute') : action)) });
        break;
      case 'answer':
        if (call) {
          this.#change({ ...call, phase: 'live', answer_by: null, answered_at: Date.now(), can: ['hang_up', 'mute', 'hold', 'press'] }, { next: null, activity: 'talking' });
        }
        break;
      case 'hang_up':
        this.publish({
          calls: [], cannot_dial: null, activity: 'wrap_up', activity_since: Date.now(), can: ['sign_out', 'set_break', 'check_out', 'start_answering', 'back_to_break'],
          next: call ? { kind: 'submit_and_start_answering', wrap_up: call.wrap_up } : null,
          wrap_ups: view.wrap_ups.map((form) => form.id === call?.wrap_up
            ? {
              ...form, ended_at: Date.now(), ended_by: 'agent', outcome: call.phase === 'live' ? 'connected' : 'cancelled', answered_at: call.answered_at,
              can: ['edit', 'submit', 'submit_and_start_answering', 'redial', 'save_customer', 'create_ticket'],
            }
            : form),
        });
        break;
      case 'decline':
        this.publish({ calls: [], cannot_dial: null, next: null, activity: 'free', wrap_ups: view.wrap_ups.filter((form) => form.id !== call?.wrap_up) });
        break;
      case 'set_held':
        if (call) {
          const since = command.held ? Date.now() : null;
          const held_millis = call.held_millis + (call.held_since === null || command.held ? 0 : Date.now() - call.held_since);
          this.#change({
            ...call, held: { wanted: command.held, confirmed: command.held }, held_since: since, held_millis,
            can: command.held ? ['hang_up', 'mute', 'retrieve'] : ['hang_up', 'mute', 'hold', 'press'],
          });
        }
        break;
      case 'press':
        if (call) this.#change({ ...call, keyed: call.keyed + command.key });
        break;
      case 'dial':
        this.#dial(command.number);
        break;
      case 'redial':
        this.#dial(view.wrap_ups.find(({ id }) => id === command.wrap_up)?.number ?? '');
        break;
      case 'choose_customer':
        this.#isCustomer(command.wrap_up, { kind: 'known', customer: { id: command.customer, name: this.#nameOf(command.customer) }, stale: false });
        break;
      case 'save_customer': {
        const id = command.edited?.[0] ?? 'customer-new';
        this.#isCustomer(command.wrap_up, { kind: 'known', customer: { id, name: command.body.name }, stale: false });
        this.#file(command.wrap_up, { what: { kind: 'customer', id }, title: command.body.name, saved: { kind: 'submitting' }, can: [] });
        break;
      }
      case 'create_ticket':
        this.#file(command.wrap_up, { what: { kind: 'ticket', id: command.ticket ?? `ticket-${this.sent.length}` }, title: command.title, saved: { kind: 'submitting' }, can: [] });
        break;
      case 'give_up': {
        const gone = JSON.stringify(command.what);
        this.publish({ wrap_ups: view.wrap_ups.map((form) => ({ ...form, filed: form.filed.filter(({ what }) => JSON.stringify(what) !== gone) })) });
        break;
      }
      case 'edit_draft': {
        const draft = this.#scene.drafts.get(command.wrap_up);
        if (draft) this.#scene.drafts.set(command.wrap_up, { ...draft, values: { ...draft.values, [command.field]: command.value } } satisfies Draft);
        this.publish({ wrap_ups: view.wrap_ups.map((form) => (form.id === command.wrap_up ? { ...form, saved: { kind: 'saved', at: Date.now() } } : form)) });
        break;
      }
      case 'submit':
      case 'submit_and_start_answering':
        this.publish({
          wrap_ups: view.wrap_ups.map((form) => (form.id === command.wrap_up ? { ...form, saved: { kind: 'synced', at: Date.now() }, can: [], missing: [] } : form)),
          ...command.kind === 'submit' ? { next: { kind: 'start_answering' } } : { next: null, activity: 'free', can: ['sign_out', 'set_break', 'check_out'] },
        });
        break;
      case 'check_in':
      case 'set_presence':
      case 'start_answering':
      case 'check_out': {
        const presence = command.kind === 'check_in' ? 'ready' : command.kind === 'check_out' ? 'checked_out' : command.presence;
        const state = { presence, reason: 'by_hand' as const, since: Date.now(), revision: view.revision };
        this.publish({
          presence: { wanted: presence, confirmed: state, unconfirmed: false, check_out_queued: false }, activity: 'free',
          can: presence === 'checked_out' ? ['sign_out', 'check_in'] : ['sign_out', presence === 'ready' ? 'set_break' : 'set_ready', 'check_out'],
          next: presence === 'checked_out' ? { kind: 'check_in' } : presence === 'break' ? { kind: 'back_to_ready' } : null,
        });
        break;
      }
      case 'extend_wrap_up':
        this.publish({ wrap_up_until: Date.now() + 90_000 });
        break;
      case 'play_recording': {
        const length = rowsOf(this.#tongue).find(({ record }) => record.leg === command.leg)?.record.recording?.millis ?? 0;
        const before = view.playback?.leg === command.leg ? view.playback : { leg: command.leg, position: 0, length, speed: 100 };
        this.publish({ playback: { ...before, phase: { kind: 'playing' } } });
        break;
      }
      case 'pause_playback':
        if (view.playback) this.publish({ playback: { ...view.playback, phase: { kind: 'paused', why: 'by_hand' } } });
        break;
      case 'seek_playback':
        if (view.playback) this.publish({ playback: { ...view.playback, position: command.millis } });
        break;
      case 'set_playback_speed':
        if (view.playback) this.publish({ playback: { ...view.playback, speed: command.speed } });
        break;
      case 'stop_playback':
        this.publish({ playback: null });
        break;
      case 'dismiss_notice':
        this.publish({ notices: view.notices.filter(({ id }) => id !== command.notice) });
        break;
      case 'sign_in_again':
        if (view.session.kind === 'offline') this.publish({ session: { ...view.session, again: { kind: 'by_itself' } } });
        break;
      case 'sign_in':
      case 'work_offline':
      case 'use_account':
        this.publish({ session: { kind: 'signing_in' } });
        break;
      case 'sign_out':
        this.publish({ session: { kind: 'signed_out', error: null } });
        break;
      case 'cancel_check_out':
      case 'set_roots':
        break;
    }
  }

  #dial(typed: string): void {
    const number = typed.replace(/[^0-9+*#]/g, '');
    if (number.length < 2 || /[a-z]/i.test(typed)) {
      this.publish({ notices: [...this.view.notices, { id: this.sent.length, at: Date.now(), about: { kind: 'failed', code: 'invalid_number' } }] });
      return;
    }
    const { view } = scene('dialling', this.#tongue);
    const call = view.calls[0];
    const form = view.wrap_ups[0];
    if (!call || !form) return;
    const id = `wrap-${this.sent.length}`;
    this.publish({
      calls: [{ ...call, number, caller_id: CALLER_ID, caller: { kind: 'unknown' }, wrap_up: id, call: `call-${id}` }], cannot_dial: 'line_busy', activity: 'dialling', next: null,
      wrap_ups: [{ ...form, id, call: `call-${id}`, number, caller: { kind: 'unknown' } }, ...this.view.wrap_ups],
    });
  }

  #filedText(what: Filed): FiledText | null {
    if (what.kind === 'ticket') return { kind: 'ticket', title: this.#tongue === 'en' ? 'Base leaks, second visit' : '底座渗水，二次上门', text: '', due_at: null };
    const theirs = cardsOf(this.#tongue, people[this.#tongue].first.number)[0]?.customer;
    if (!theirs) return null;
    const { name, numbers, tags, fields } = theirs;
    const base = { name, numbers, tags: tags.slice(0, 2), fields };
    const mine = { ...base, name: this.#tongue === 'en' ? `${name} Jr` : `${name}女士`, fields: fields.map((field, n) => (n === 4 ? { ...field, value: this.#tongue === 'en' ? 'Mornings' : '上午联系' } : field)) };
    return { kind: 'customer', mine, base, theirs: { ...theirs, fields: fields.map((field, n) => (n === 4 ? { ...field, value: this.#tongue === 'en' ? 'By text message' : '短信通知' } : field)), version: 9 } };
  }

  #nameOf(customer: string): string {
    const { calls, wrap_ups } = this.view;
    const several = [...calls, ...wrap_ups].flatMap(({ caller }) => (caller.kind === 'several' ? caller.customers : []));
    return several.find(({ id }) => id === customer)?.name ?? '';
  }

  #isCustomer(wrapUp: string, caller: CallerMatch): void {
    this.publish({
      calls: this.view.calls.map((call) => (call.wrap_up === wrapUp ? { ...call, caller } : call)),
      wrap_ups: this.view.wrap_ups.map((form) => (form.id === wrapUp ? { ...form, caller } : form)),
    });
  }

  #file(wrapUp: string, entry: FiledView): void {
    const same = JSON.stringify(entry.what);
    this.publish({
      wrap_ups: this.view.wrap_ups.map((form) => (form.id === wrapUp ? { ...form, filed: [...form.filed.filter(({ what }) => JSON.stringify(what) !== same), entry] } : form)),
    });
  }

  #change(call: CallView, more: Partial<View> = {}): void {
    this.publish({ ...more, calls: [call] });
  }
}

/** Opens a scripted screen in a browser: `?screen=live&lang=en&theme=dark`. */
export function rehearse(screen: string): RehearsalHost {
  const asked = new URLSearchParams(location.search);
  const lang = asked.get('lang') === 'en' ? 'en' : 'zh-CN';
  localStorage.setItem('offhook.language', lang);
  localStorage.setItem('offhook.theme', asked.get('theme') ?? 'light');
  const host = new RehearsalHost(screen, lang === 'en' ? 'en' : 'zh');
  host.murmur();
  if (screen === 'typing') host.interrupt();
  const dialled = asked.get('dial');
  if (dialled) setTimeout(() => type('dial-field', dialled), 600);
  asked.getAll('press').forEach((name, n) => setTimeout(() => press(name), 900 * (n + 1)));
  return host;
}

/** Types into a field: `&dial=12800550196`. */
function type(id: string, text: string): void {
  const field = document.getElementById(id);
  if (!(field instanceof HTMLInputElement)) return;
  field.focus();
  field.value = text;
  field.dispatchEvent(new Event('input', { bubbles: true }));
}

/** Presses what has this name, for a look at menus and panes: `&press=Settings`. */
function press(name: string): void {
  const named = [...document.querySelectorAll<HTMLElement>('button, [role="menuitem"], [role="row"]')];
  const found = named.find((element) => (element.getAttribute('aria-label') ?? element.textContent ?? '').includes(name));
  found?.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, button: 0, pointerType: 'mouse' }));
  found?.dispatchEvent(new PointerEvent('pointerup', { bubbles: true, button: 0, pointerType: 'mouse' }));
  if (found?.getAttribute('aria-haspopup') !== 'menu') found?.click();
}
