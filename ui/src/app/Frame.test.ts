// The desk as an agent meets it: found by role and name, in both languages.

import { cleanup, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openScreen } from '../host/rehearsal-open';
import { scene } from '../host/rehearsal-scenes';
import type { Tongue } from '../host/rehearsal-data';
import { REST_MS } from '../kit/rest.svelte';
import App from './App.svelte';

const pause = (millis: number) => new Promise((done) => setTimeout(done, millis));

const open = (name: string, tongue: Tongue = 'en') => openScreen(App, name, tongue);

const summary = async () => {
  const field = await screen.findByRole('textbox', { name: 'Call summary' });
  if (!(field instanceof HTMLTextAreaElement)) throw new Error('the summary is a text area');
  return field;
};

beforeEach(() => localStorage.clear());
afterEach(cleanup);

describe('ringing', () => {
  test('shows who calls, answers and declines by the keys and names of the desk', async () => {
    const host = await open('ringing');
    expect(screen.getAllByText('Hannah Whitfield').length).toBeGreaterThan(1);
    await userEvent.click(screen.getByRole('button', { name: 'Answer' }));
    expect(host.sent).toEqual([{ kind: 'answer', leg: 'leg-now' }]);
  });

  test('has Chinese names in Chinese', async () => {
    await open('ringing', 'zh');
    for (const name of ['接听', '拒接', '挂断', '静音']) expect(screen.getByRole('button', { name })).toBeTruthy();
    expect(document.documentElement.lang).toBe('zh-CN');
  });

  test('counts down against the limit, in amber for the last ten seconds', async () => {
    await open('ringing');
    expect(screen.getByRole('timer').textContent).toMatch(/^0:[12]\d$/);
    expect(screen.getByRole('timer').getAttribute('aria-live')).toBe('off');
    expect(screen.getByRole('timer').dataset['late']).toBeUndefined();
    cleanup();
    await open('late');
    expect(screen.getByRole('timer').dataset['late']).toBe('true');
  });

  test('draws no answer and no decline where the desk does not allow them', async () => {
    const host = await open('ringing');
    host.publish({ calls: host.view.calls.map((call) => ({ ...call, can: [] })), next: null });
    await waitFor(() => expect(screen.queryByRole('button', { name: 'Answer' })).toBeNull());
    expect(screen.queryByRole('button', { name: 'Decline' })).toBeNull();
    expect(screen.getByRole('button', { name: 'Hang up' }).getAttribute('aria-disabled')).toBe('true');
    await userEvent.keyboard('{Shift>}{Escape}{/Shift}{F2}');
    expect(host.sent).toEqual([]);
  });

  test('the controls of later versions are there, refused, with no press getting through', async () => {
    const host = await open('live');
    for (const name of ['Consult', 'Transfer', 'Survey']) {
      const tile = screen.getByRole('button', { name });
      expect(tile.getAttribute('aria-disabled')).toBe('true');
      await userEvent.click(tile);
    }
    expect(host.sent).toEqual([]);
  });
});

describe('the slot', () => {
  test('rests 600 ms after a change, for the mouse and for F2', async () => {
    const host = await open('ready');
    host.publish(scene('ringing', 'en').view);
    await tick(); // No timer runs between here and the presses, however slow the machine.
    const answer = screen.getByRole('button', { name: 'Answer' });
    answer.click();
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'F2' }));
    expect(answer.getAttribute('aria-disabled')).toBe('true');
    expect(host.sent).toEqual([]);
    await pause(REST_MS + 50);
    expect(answer.getAttribute('aria-disabled')).toBeNull();
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'F2' }));
    expect(host.sent).toEqual([{ kind: 'answer', leg: 'leg-now' }]);
  });
});

describe('a live call', () => {
  test('mutes by click and by F3, and shows it pressed', async () => {
    const host = await open('live');
    const mute = screen.getByRole('button', { name: 'Mute' });
    expect(mute.getAttribute('aria-pressed')).toBe('false');
    await userEvent.click(mute);
    const unmute = await screen.findByRole('button', { name: 'Unmute' });
    expect(unmute.getAttribute('aria-pressed')).toBe('true');
    await userEvent.keyboard('{F3}');
    expect(host.sent.map((command) => command.kind === 'set_muted' && command.muted)).toEqual([true, false]);
  });

  test('tells an agent who talks into a muted microphone', async () => {
    const host = await open('muted');
    host.hear({ mic_dbfs: -20, far_dbfs: -60 });
    expect(await screen.findByText('You are talking while muted')).toBeTruthy();
  });

  test('a control that becomes usable keeps the focus', async () => {
    const host = await open('ringing');
    const end = screen.getByRole('button', { name: 'Hang up' });
    end.focus();
    host.publish({ calls: scene('live', 'en').view.calls });
    await waitFor(() => expect(end.getAttribute('aria-disabled')).toBeNull());
    expect(document.activeElement).toBe(end);
  });

  test('hangs up by Shift Esc', async () => {
    const host = await open('live');
    await userEvent.keyboard('{Shift>}{Escape}{/Shift}');
    expect(host.sent).toEqual([{ kind: 'hang_up', leg: 'leg-now' }]);
  });
});

describe('the form', () => {
  test('opens with what was saved and sends each keystroke', async () => {
    const host = await open('wrapup');
    const field = await summary();
    await waitFor(() => expect(field.value).toContain('Customer asks'));
    await userEvent.type(field, '!!', { initialSelectionStart: field.value.length });
    expect(host.sent.map((command) => command.kind)).toEqual(['edit_draft', 'edit_draft']);
    expect(host.sent.at(-1)).toMatchObject({ wrap_up: 'wrap-now', field: 'summary', value: expect.stringContaining('ahead.!!') });
  });

  test('is never overwritten by a snapshot, nor its caret moved', async () => {
    const host = await open('wrapup');
    const field = await summary();
    await waitFor(() => expect(field.value).not.toBe(''));
    await userEvent.clear(field);
    await userEvent.type(field, 'my own words');
    field.setSelectionRange(2, 2);
    for (let n = 0; n < 5; n += 1) host.publish({ wrap_ups: host.view.wrap_ups.map((form) => ({ ...form, saved: { kind: 'saved', at: Date.now() + n } })) });
    await pause(20);
    expect(field.value).toBe('my own words');
    expect(field.selectionStart).toBe(2);
    expect(document.activeElement).toBe(field);
    expect(field.isConnected).toBe(true);
  });

  test('keeps its words when another record is looked at in between', async () => {
    await open('wrapup');
    const field = await summary();
    await waitFor(() => expect(field.value).not.toBe(''));
    await userEvent.clear(field);
    await userEvent.type(field, 'kept');
    await userEvent.click(screen.getByRole('button', { name: 'Grace Liu, draft' }));
    await userEvent.click(screen.getByRole('button', { name: 'Hannah Whitfield, wrap-up' }));
    expect((await summary()).value).toBe('kept');
  });

  test('is submitted by Ctrl Enter, and cannot be while the call goes on', async () => {
    const host = await open('wrapup');
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    expect(host.sent).toEqual([{ kind: 'submit', wrap_up: 'wrap-now' }]);
    cleanup();
    const during = await open('live');
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    await userEvent.click(screen.getByRole('button', { name: 'Submit' }));
    expect(during.sent).toEqual([]);
  });

  test('marks what is missing once a submit was refused', async () => {
    await open('incomplete');
    const disposition = await screen.findByRole('combobox', { name: 'Disposition' });
    expect(disposition.getAttribute('aria-invalid')).toBe('true');
    expect(screen.getByText('Fill in Disposition before you submit')).toBeTruthy();
    await userEvent.selectOptions(disposition, 'advice');
    await waitFor(() => expect(screen.queryByText('Fill in Disposition before you submit')).toBeNull());
  });

  test('says where the text is, with the time', async () => {
    await open('synced');
    expect((await screen.findByText('Synced')).closest('[data-saved]')?.textContent).toMatch(/Synced\s*\d\d:\d\d:\d\d/);
  });

  test('takes back-to-Break and start-alone as second choices', async () => {
    const host = await open('wrapup');
    await userEvent.click(screen.getByRole('button', { name: 'Start answering' }));
    expect(host.sent).toEqual([{ kind: 'start_answering', presence: 'ready' }]);
    cleanup();
    const other = await open('wrapup');
    await userEvent.click(screen.getByRole('button', { name: 'Back to Break' }));
    expect(other.sent).toEqual([{ kind: 'submit_and_start_answering', wrap_up: 'wrap-now', presence: 'break' }]);
  });
});

describe('a pop', () => {
  test('takes neither the focus nor the form of somebody who is typing', async () => {
    const host = await open('ready');
    await userEvent.click(screen.getByRole('button', { name: 'Grace Liu, draft' }));
    const field = await summary();
    await waitFor(() => expect(field.value).not.toBe(''));
    await userEvent.click(field);
    await userEvent.type(field, ' more');
    const { calls, wrap_ups, next, activity } = scene('ringing', 'en').view;
    host.publish({ calls, wrap_ups, next, activity });
    expect(await screen.findByText('Move to centre')).toBeTruthy();
    expect(document.activeElement).toBe(field);
    expect(field.isConnected).toBe(true);
    await userEvent.keyboard('!');
    expect(field.value).toMatch(/more!$/);
    await userEvent.keyboard('{Control>}1{/Control}');
    expect(await screen.findByRole('heading', { level: 1, name: 'Hannah Whitfield' })).toBeTruthy();
  });

  test('fills the centre when nobody is typing', async () => {
    const host = await open('ready');
    const { calls, wrap_ups, next, activity } = scene('ringing', 'en').view;
    host.publish({ calls, wrap_ups, next, activity });
    expect(await screen.findByRole('heading', { level: 1, name: 'Hannah Whitfield' })).toBeTruthy();
    expect(screen.getByRole('heading', { name: /Open tickets/ })).toBeTruthy();
  });

  test('offers a choice where several customers share the number', async () => {
    await open('several');
    const chooser = await screen.findByRole('region', { name: 'Several customers share this number' });
    await userEvent.click(await within(chooser).findByRole('button', { name: /Grace Liu/ }));
    expect(await screen.findByRole('heading', { level: 1, name: 'Grace Liu' })).toBeTruthy();
  });

  test.each([
    ['unknown', 'Nobody has this number. The summary is kept under it.'],
    ['unavailable', 'Only the number is known; the rest comes with the connection'],
    ['stale', 'Offline copy'],
  ])('says what it means that the caller is %s', async (name, words) => {
    await open(name);
    expect((await screen.findAllByText(words)).length).toBeGreaterThan(0);
  });
});

describe('presence', () => {
  test('the menu offers what can be done and no more', async () => {
    const host = await open('ready');
    await userEvent.click(screen.getByRole('button', { name: /^Ready, / }));
    expect((await screen.findByRole('menuitem', { name: 'Answer on mobile' })).getAttribute('aria-disabled')).toBe('true');
    await userEvent.click(screen.getByRole('menuitem', { name: 'Break' }));
    expect(host.sent).toEqual([{ kind: 'set_presence', presence: 'break' }]);
  });

  test('an automatic Break is told with its reason and one action back', async () => {
    const host = await open('notices');
    expect(screen.getByText('The call rang to its limit and is back in its queue.')).toBeTruthy();
    const toast = screen.getByRole('group', { name: 'You are now on Break' });
    await userEvent.click(within(toast).getByRole('button', { name: 'Back to Ready' }));
    expect(host.sent).toEqual([{ kind: 'set_presence', presence: 'ready' }, { kind: 'dismiss_notice', notice: 2 }]);
  });
});

describe('sign-in', () => {
  test('asks for what is missing and sends nothing', async () => {
    const host = await open('signin');
    await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
    expect(screen.getByText('Please fill in')).toBeTruthy();
    expect(host.sent).toEqual([]);
  });

  test('sends a complete address, and shows its refusal in words', async () => {
    const host = await open('signin');
    const centre = screen.getByRole('textbox', { name: 'Centre address' });
    await userEvent.clear(centre);
    await userEvent.type(centre, '127.0.0.1:8700');
    await userEvent.type(screen.getByLabelText('Password'), 'practice{Enter}');
    expect(host.sent).toEqual([{ kind: 'sign_in', centre: 'http://127.0.0.1:8700', username: 'hannah', password: 'practice' }]);
    expect(screen.getByRole('button', { name: 'Signing in' }).getAttribute('aria-busy')).toBe('true');
    host.publish({ session: { kind: 'signed_out', error: 'wrong_password' } });
    expect((await screen.findByRole('alert')).textContent).toContain('Name or password is wrong');
  });
});

describe('the window', () => {
  test('follows the chosen language and look at once', async () => {
    await open('ready');
    await userEvent.click(screen.getByRole('button', { name: 'Settings' }));
    await userEvent.click(await screen.findByRole('radio', { name: 'Dark' }));
    expect(document.documentElement.dataset['theme']).toBe('dark');
    await userEvent.click(screen.getByRole('radio', { name: '中文' }));
    await waitFor(() => expect(document.documentElement.lang).toBe('zh-CN'));
    expect(screen.getAllByText('今日').length).toBeGreaterThan(0);
  });

  test('tells a screen reader the state politely', async () => {
    const host = await open('ready');
    const polite = () => [...document.querySelectorAll('[aria-live="polite"]')].map((region) => region.textContent).join(' ');
    expect(polite()).toContain('Ready, Calls ring at once');
    host.publish(scene('ringing', 'en').view);
    await waitFor(() => expect(polite()).toContain('Incoming, After-sales'));
  });

  test('says why the phone could not be opened', async () => {
    await open('unopened');
    expect(await screen.findByText(/^Another window is using this profile.*\(profile_in_use\)$/)).toBeTruthy();
  });

  test('tells the shell which language it speaks', async () => {
    const host = await open('ready', 'zh');
    expect(host.spoken).toBe('zh-CN');
  });

  test('says so when a request does not reach the phone', async () => {
    const host = await open('live');
    vi.spyOn(host, 'send').mockRejectedValue(new Error('closed'));
    await userEvent.click(screen.getByRole('button', { name: 'Hang up' }));
    expect(await screen.findByText('The phone does not answer')).toBeTruthy();
  });
});
