// A phone of cardboard: scripted screens with believable data, for tests and for looking at the window in a browser. It
// answers commands just well enough to click through. Never part of a production build.

import type { AnswerTo, Host, Unsubscribe } from './host';
import { cardsOf, formDefinition, rowsOf, type Tongue } from './rehearsal-data';
import { scene, type Scene } from './rehearsal-scenes';
import type { Answer, CallView, Code, Command, Draft, Levels, Query, View } from './types';

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
      case 'form':
        return { kind: 'form', form: formDefinition };
      case 'calls':
        return { kind: 'calls', rows: this.#scene.empty ? [] : rowsOf(this.#tongue) };
      case 'settings':
        return { kind: 'settings', settings: { centre: 'https://centre.example', username: this.#tongue === 'en' ? 'hannah' : 'lin' } };
    }
  }

  #obey(command: Command): void {
    const { view } = this;
    const call = view.calls[0];
    switch (command.kind) {
      case 'set_muted':
        if (call) this.#change({ ...call, muted: { wanted: command.muted, confirmed: command.muted }, can: ['hang_up', command.muted ? 'unmute' : 'mute'] });
        break;
      case 'answer':
        if (call) {
          this.#change({ ...call, phase: 'live', answer_by: null, answered_at: Date.now(), can: ['hang_up', 'mute'] }, { next: null, activity: 'talking' });
        }
        break;
      case 'hang_up':
        this.publish({
          calls: [], activity: 'wrap_up', activity_since: Date.now(), can: ['sign_out', 'set_break', 'check_out', 'start_answering', 'back_to_break'],
          next: call ? { kind: 'submit_and_start_answering', wrap_up: call.wrap_up } : null,
          wrap_ups: view.wrap_ups.map((form) => form.id === call?.wrap_up
            ? { ...form, ended_at: Date.now(), ended_by: 'agent', outcome: 'connected', can: ['edit', 'submit', 'submit_and_start_answering'], answered_at: call.answered_at }
            : form),
        });
        break;
      case 'decline':
        this.publish({ calls: [], next: null, activity: 'free', wrap_ups: view.wrap_ups.filter((form) => form.id !== call?.wrap_up) });
        break;
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
      case 'dismiss_notice':
        this.publish({ notices: view.notices.filter(({ id }) => id !== command.notice) });
        break;
      case 'sign_in':
        this.publish({ session: { kind: 'signing_in' } });
        break;
      case 'sign_out':
        this.publish({ session: { kind: 'signed_out', error: null } });
        break;
      case 'cancel_check_out':
        break;
    }
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
  asked.getAll('press').forEach((name, n) => setTimeout(() => press(name), 900 * (n + 1)));
  return host;
}

/** Presses what has this name, for a look at menus and panes: `&press=Settings`. */
function press(name: string): void {
  const named = [...document.querySelectorAll<HTMLElement>('button, [role="menuitem"], [role="row"]')];
  const found = named.find((element) => (element.getAttribute('aria-label') ?? element.textContent ?? '').includes(name));
  found?.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, button: 0, pointerType: 'mouse' }));
  found?.dispatchEvent(new PointerEvent('pointerup', { bubbles: true, button: 0, pointerType: 'mouse' }));
  if (found?.getAttribute('aria-haspopup') !== 'menu') found?.click();
}
