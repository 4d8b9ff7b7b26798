// A wrap-up with a limit, as an agent meets it.

import { cleanup, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Tongue } from '../host/rehearsal-data';
import { openScreen } from '../host/rehearsal-open';
import { scene } from '../host/rehearsal-scenes';
import App from './App.svelte';

const open = (name: string, tongue: Tongue = 'en') => openScreen(App, name, tongue);
const polite = () => [...document.querySelectorAll('[aria-live="polite"]')].map((region) => region.textContent).join(' ');
const prominent = () => document.querySelector('.limit')?.hasAttribute('data-late');

beforeEach(() => localStorage.clear());
afterEach(cleanup);

test('counts down in the lamp, calmly until the last seconds', async () => {
  await open('limited');
  expect(screen.getByRole('timer', { name: 'Time left for wrap-up' }).textContent).toMatch(/^1:[01]\d$/);
  expect(screen.getByRole('button', { name: 'Wrap-up, No calls' })).toBeTruthy();
  expect(prominent()).toBe(false);
  cleanup();
  await open('limited-late');
  expect(screen.getByRole('timer', { name: 'Time left for wrap-up' }).textContent).toMatch(/^0:(0\d|1[01])$/);
  expect(prominent()).toBe(true);
});

test('more time is a press away, by mouse and by keyboard, in both languages', async () => {
  const host = await open('limited-late');
  await userEvent.click(screen.getByRole('button', { name: 'More time' }));
  screen.getByRole('button', { name: 'More time' }).focus();
  await userEvent.keyboard('{Enter}');
  expect(host.sent).toEqual([{ kind: 'extend_wrap_up' }, { kind: 'extend_wrap_up' }]);
  await waitFor(() => expect(prominent()).toBe(false));
  cleanup();
  await open('limited', 'zh');
  expect(screen.getByRole('button', { name: '延长' })).toBeTruthy();
});

test('is said when it begins and when it was extended, not each second', async () => {
  const host = await open('limited');
  const first = polite();
  expect(first).toMatch(/Wrap-up ends in [67]\d seconds/);
  host.publish({ wrap_up_until: (host.view.wrap_up_until ?? 0) - 3000 });
  await waitFor(() => expect(polite()).not.toBe(first));
  const second = polite();
  await new Promise((done) => setTimeout(done, 1500));
  expect(polite()).toBe(second);
  expect(screen.getByRole('timer', { name: 'Time left for wrap-up' }).getAttribute('aria-live')).toBe('off');
});

test('without a limit there is no countdown, nor once more time cannot be asked for', async () => {
  const host = await open('wrapup');
  expect(screen.queryByRole('button', { name: 'More time' })).toBeNull();
  expect(screen.getByRole('button', { name: 'Wrap-up, No calls, no time limit' })).toBeTruthy();
  cleanup();
  const limited = await open('limited');
  limited.publish({ can: host.view.can });
  await waitFor(() => expect(screen.queryByRole('button', { name: 'More time' })).toBeNull());
});

test('at its end the words, the caret and the focus stay, and a call rings beside them', async () => {
  const host = await open('limited-late');
  const field = await screen.findByRole<HTMLTextAreaElement>('textbox', { name: 'Call summary' });
  await waitFor(() => expect(field.value).not.toBe(''));
  await userEvent.clear(field);
  await userEvent.type(field, 'half a sentence');
  field.setSelectionRange(4, 4);
  const { can } = scene('ready', 'en').view;
  host.publish({ activity: 'free', can, next: null, wrap_up_until: null, notices: [{ id: 1, at: Date.now(), about: { kind: 'wrap_up_over' } }] });
  const toast = await screen.findByRole('group', { name: 'Wrap-up time is over' });
  expect(within(toast).getByText(/kept as a draft/)).toBeTruthy();
  const ringing = scene('ringing', 'en').view;
  host.publish({
    calls: ringing.calls.map((call) => ({ ...call, wrap_up: 'wrap-next', call: 'call-next' })), activity: 'ringing', next: ringing.next,
    wrap_ups: [...ringing.wrap_ups.slice(0, 1).map((form) => ({ ...form, id: 'wrap-next', call: 'call-next' })), ...host.view.wrap_ups],
  });
  expect(await screen.findByText('Move to centre')).toBeTruthy();
  expect(field.isConnected).toBe(true);
  expect(document.activeElement).toBe(field);
  expect([field.value, field.selectionStart]).toEqual(['half a sentence', 4]);
  expect(screen.getByRole('button', { name: 'Hannah Whitfield, draft' })).toBeTruthy();
});
