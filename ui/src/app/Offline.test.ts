// The desk without the centre, and several wrap-ups side by side.

import { cleanup, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openScreen } from '../host/rehearsal-open';
import type { Tongue } from '../host/rehearsal-data';
import { scene } from '../host/rehearsal-scenes';
import App from './App.svelte';

const open = (name: string, tongue: Tongue = 'en') => openScreen(App, name, tongue);
const button = (name: string) => screen.getByRole('button', { name });
const summary = () => screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Call summary' });

beforeEach(() => localStorage.clear());
afterEach(cleanup);

describe('without the centre', () => {
  test('the sign-in page offers to work offline as the last agent, and only then', async () => {
    const host = await open('signin-error');
    await userEvent.click(await screen.findByRole('button', { name: 'Work offline as hannah' }));
    expect(host.sent).toEqual([{ kind: 'work_offline' }]);
    cleanup();
    await open('signin');
    await waitFor(() => expect(screen.getByRole<HTMLInputElement>('textbox', { name: 'Name' }).value).toBe('hannah'));
    expect(screen.queryByRole('button', { name: /Work offline/ })).toBeNull();
  });

  test('the desk says so, keeps forms and list open, and offers no calls', async () => {
    await open('away', 'zh');
    expect(await screen.findByRole('button', { name: '离线, 未登录，不能通话' })).toBeTruthy();
    expect(screen.getByText('正在离线工作。')).toBeTruthy();
    expect(screen.queryByRole('button', { name: /呼叫/ })).toBeNull();
    const pending = screen.getByRole('region', { name: '待处理的话后' });
    expect(within(pending).getAllByRole('button')).toHaveLength(3);
    await userEvent.click(within(pending).getByRole('button', { name: /陈雨桐/ }));
    expect(await screen.findByText('离线数据')).toBeTruthy();
    const text = await screen.findByRole<HTMLTextAreaElement>('textbox', { name: '会话小结' });
    expect(text.readOnly).toBe(false);
  });

  test('the password is asked for in place, says what it sends, and why it was refused', async () => {
    const host = await open('away-password');
    // A ticket and a form wait.
    const send = await screen.findByRole('button', { name: 'Sign in and sync 2' });
    await userEvent.click(send);
    expect(host.sent).toEqual([]);
    await userEvent.type(screen.getByLabelText('Your password'), 'guess{Enter}');
    expect(host.sent).toEqual([{ kind: 'sign_in_again', password: 'guess' }]);
    await waitFor(() => expect(screen.queryByLabelText('Your password')).toBeNull());
    const session = host.view.session;
    if (session.kind !== 'offline') throw new Error('it is offline');
    host.publish({ session: { ...session, again: { kind: 'asks_password', error: 'wrong_password' } }, links: { ...host.view.links, api: { kind: 'up' } } });
    expect(await screen.findByText('The centre answers again.')).toBeTruthy();
    expect(screen.getByText('(wrong_password)')).toBeTruthy();
    expect(screen.getByLabelText<HTMLInputElement>('Your password').value).toBe('');
    // The field was gone while the password was tried: the caret is back in it, and nowhere that it was not.
    await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText('Your password')));
  });

  test('a refused password leaves the caret to who has gone on writing', async () => {
    const host = await open('away-password');
    await userEvent.type(await screen.findByLabelText('Your password'), 'guess{Enter}');
    await userEvent.click(button('Grace Liu, draft'));
    await waitFor(() => expect(summary().value).not.toBe(''));
    await userEvent.click(summary());
    const session = host.view.session;
    if (session.kind !== 'offline') throw new Error('it is offline');
    host.publish({ session: { ...session, again: { kind: 'asks_password', error: 'wrong_password' } } });
    expect(await screen.findByText('(wrong_password)')).toBeTruthy();
    expect(document.activeElement).toBe(summary());
  });

  test('in the smallest window the password takes the place of the keys', async () => {
    const media = window.matchMedia.bind(window);
    vi.spyOn(window, 'matchMedia').mockImplementation((query) => media(query.includes('max-width: 679px') ? 'all' : query));
    await open('away-password');
    const phone = await screen.findByRole('complementary', { name: 'Phone' });
    expect(within(phone).getByLabelText('Your password')).toBeTruthy();
    expect(within(phone).queryByRole('group', { name: 'Dial pad' })).toBeNull();
  });

  test('nothing promises what only a sign-in brings', async () => {
    await open('away-password');
    expect(await screen.findByText('Goes on once you are signed in')).toBeTruthy();
    expect(screen.getByText('Shown once you are signed in')).toBeTruthy();
    expect(screen.getByText('Sign in: the phone registers by itself; then one key checks you in.')).toBeTruthy();
    expect(screen.queryByText('You are in no skill group yet')).toBeNull();
  });

  test('what is being written stays as it is when the session comes', async () => {
    const host = await open('away');
    await userEvent.click(await screen.findByRole('button', { name: 'Grace Liu, draft' }));
    await waitFor(() => expect(summary().value).not.toBe(''));
    await userEvent.type(summary(), ' typed offline');
    const { view } = scene('ready', 'en');
    host.publish({ session: view.session, links: view.links, presence: view.presence, can: view.can, cannot_dial: null });
    await waitFor(() => expect(screen.queryByText('You work offline.')).toBeNull());
    expect(summary().value.endsWith(' typed offline')).toBe(true);
    expect(document.activeElement).toBe(summary());
  });
});

describe('several wrap-ups', () => {
  test('stand beside the open one with their call’s facts and where each is', async () => {
    await open('away');
    await userEvent.click(await screen.findByRole('button', { name: 'Grace Liu, draft' }));
    const beside = await screen.findByRole('region', { name: 'Open and unsent summaries' });
    const rows = within(beside).getAllByRole('button');
    expect(rows).toHaveLength(3);
    const row = (name: RegExp) => within(beside).getByRole('button', { name }).textContent ?? '';
    expect(row(/Tom Becker/)).toMatch(/waiting.*\+44 7700 900142.*Inbound.*Talked 8:55.*waiting to sync/s);
    expect(row(/Hannah Whitfield/)).toMatch(/draft.*Ticket “Base leaks, second visit” is waiting to sync, draft saved/s);
    expect(row(/Grace Liu/)).toMatch(/draft.*\+1 312 555 0196.*Disposition missing/s);
    expect(within(beside).getByRole('button', { name: /Grace Liu/ }).getAttribute('aria-current')).toBe('true');
    await userEvent.click(within(beside).getByRole('button', { name: /Tom Becker/ }));
    expect(await screen.findByRole('heading', { level: 1, name: 'Tom Becker' })).toBeTruthy();
  });

  test('each keeps its caret: by a click or by Ctrl and its number', async () => {
    await open('away');
    await userEvent.click(await screen.findByRole('button', { name: 'Hannah Whitfield, draft' }));
    await waitFor(() => expect(summary().value).not.toBe(''));
    summary().focus();
    summary().setSelectionRange(4, 9);
    await userEvent.keyboard('{Control>}2{/Control}');
    expect(await screen.findByRole('heading', { level: 1, name: 'Grace Liu' })).toBeTruthy();
    await waitFor(() => expect(summary().value).not.toBe(''));
    await userEvent.click(summary());
    summary().setSelectionRange(2, 2);
    await userEvent.click(button('Hannah Whitfield, draft'));
    await waitFor(() => expect([document.activeElement, summary().selectionStart, summary().selectionEnd]).toEqual([summary(), 4, 9]));
    await userEvent.keyboard('{Control>}2{/Control}');
    await waitFor(() => expect([document.activeElement, summary().selectionStart]).toEqual([summary(), 2]));
  });

  test('a conflict beside the form at hand shows in its tab, wherever one looks', async () => {
    await open('conflict');
    await userEvent.click(await screen.findByRole('button', { name: 'Today' }));
    expect(button('Hannah Whitfield, conflict')).toBeTruthy();
    const pending = screen.getByRole('region', { name: 'Wrap-ups to finish' });
    expect(within(pending).getByText(/The profile is in conflict \(conflict\)/)).toBeTruthy();
  });

  test('one with a refused ticket says so in its tab and in the list, also when it is itself at the centre', async () => {
    const host = await open('ready');
    const { wrap_ups } = scene('ticket-refused', 'en').view;
    host.publish({ wrap_ups: wrap_ups.map((form) => (form.id === 'wrap-now' ? { ...form, saved: { kind: 'synced', at: Date.now() }, can: ['create_ticket'] } : form)) });
    expect(await screen.findByRole('button', { name: 'Hannah Whitfield, refused' })).toBeTruthy();
    const pending = screen.getByRole('region', { name: 'Wrap-ups to finish' });
    expect(within(pending).getByText('Ticket “Base leaks, second visit” was refused (malformed)')).toBeTruthy();
  });
});
