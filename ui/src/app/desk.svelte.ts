// The one store of the desk: the newest view, the requests going out, and what was fetched beside the view.

import { Histories } from '../history/histories.svelte';
import type { Host } from '../host/host';
import type { CallRow, Code, Command, DeskAction, FormDefinition, Levels, Settings, View } from '../host/types';
import { clock } from '../kit/clock.svelte';
import { Cards } from '../pop/cards.svelte';
import { Edits } from '../pop/edits.svelte';
import { FiledTexts } from '../pop/filed.svelte';
import { isDown } from '../presence/links';
import { Forms } from '../wrapup/forms.svelte';

const SILENCE: Levels = { mic_dbfs: -100, far_dbfs: -100 };

export type Loaded<T> = { kind: 'loading' } | { kind: 'failed' } | { kind: 'ready'; value: T };

export class Desk {
  view = $state.raw<View | null>(null);
  levels = $state.raw<Levels>(SILENCE);
  /** The form every wrap-up is written in. */
  form = $state.raw<FormDefinition | null>(null);
  calls = $state.raw<Loaded<CallRow[]>>({ kind: 'loading' });
  settings = $state.raw<Settings | null>(null);
  /** Why the phone could not be opened. */
  unopened = $state<Code | null>(null);
  /** A request did not reach the phone. */
  deaf = $state(false);
  /** Since when a link that is wanted is down. */
  downSince = $state<number | null>(null);
  readonly cards: Cards;
  /** Which way of signing in the agent asked for; nothing where the last one serves. */
  way = $state<'account' | null>(null);
  readonly forms: Forms;
  readonly edits = new Edits();
  readonly histories: Histories;
  readonly filed: FiledTexts;
  readonly #host: Host;
  /** Edits and submits leave in the order they were made. */
  #written: Promise<void> = Promise.resolve();
  #stops: (() => void)[] = [];

  constructor(host: Host) {
    this.#host = host;
    this.cards = new Cards(host);
    this.forms = new Forms(host, this.send);
    this.histories = new Histories(host);
    this.filed = new FiledTexts(host);
  }

  start(): void {
    this.#stops = [
      clock.start(),
      this.#host.onView(
        (view) => this.#show(view),
        (code) => (this.unopened = code),
      ),
      this.#host.onLevels((levels) => (this.levels = levels)),
    ];
    this.#loadSettings();
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  readonly send = (command: Command): void => {
    if (command.kind === 'set_roots' && this.settings !== null) this.settings = { ...this.settings, roots: command.file };
    const writes = command.kind === 'edit_draft' || command.kind === 'submit' || command.kind === 'submit_and_start_answering';
    const sent = writes ? this.#written.then(() => this.#host.send(command)) : this.#host.send(command);
    const settled = sent.then(
      () => void (this.deaf = false),
      () => void (this.deaf = true),
    );
    if (writes) this.#written = settled;
  };

  can(action: DeskAction): boolean {
    return this.view?.can.includes(action) ?? false;
  }

  readonly loadCalls = (): void => {
    this.#host.query({ kind: 'calls' }).then(
      ({ rows }) => (this.calls = { kind: 'ready', value: rows }),
      () => (this.calls = this.calls.kind === 'ready' ? this.calls : { kind: 'failed' }),
    );
  };

  #show(view: View): void {
    const before = this.view;
    clock.read();
    this.view = view;
    if (view.calls.length === 0) this.levels = SILENCE;
    this.downSince = isDown(view) ? (this.downSince ?? Date.now()) : null;
    this.forms.keep(view.wrap_ups);
    this.edits.keep(view.wrap_ups);
    this.filed.keep(view.wrap_ups);
    const opened = before !== null && isOpen(before);
    if (isOpen(view)) this.way = null;
    else {
      if (opened) this.#loadSettings();
      this.form = null;
      this.calls = { kind: 'loading' };
      this.cards.forget();
      this.forms.forget();
      this.edits.forget();
      this.histories.forget();
      this.filed.forget();
      return;
    }
    if (before?.session.kind !== view.session.kind || this.form === null) this.#loadForm();
    if (!opened || legsChanged(before, view)) this.loadCalls();
  }

  #loadSettings(): void {
    this.settings = null;
    this.#host.query({ kind: 'settings' }).then(
      ({ settings }) => (this.settings = settings),
      () => (this.settings = { centre: null, username: null, account: null, roots: null, opens_offline: false }),
    );
  }

  #loadForm(): void {
    this.#host.query({ kind: 'form' }).then(
      ({ form }) => (this.form = form),
      () => undefined,
    );
  }
}

/** Somebody's desk is open, with a session or without. */
function isOpen(view: View): boolean {
  return view.session.kind === 'signed_in' || view.session.kind === 'offline';
}

/** A leg began or ended, its customer was found, or the centre told of one: the call list has news. */
function legsChanged(before: View, after: View): boolean {
  const legs = (view: View) => view.calls.map((call) => `${call.leg} ${call.phase}`).join() + view.wrap_ups.map((form) => form.id).join();
  return legs(before) !== legs(after) || before.call_list !== after.call_list || before.links.api.kind !== after.links.api.kind;
}
