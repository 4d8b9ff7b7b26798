// Without a centre: signing in with a bare SIP account, the desk then, and what goes wrong.

import { cleanup, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openScreen } from '../host/rehearsal-open';
import type { Tongue } from '../host/rehearsal-data';
import type { Code } from '../host/types';
import App from './App.svelte';

const open = (name: string, tongue: Tongue = 'en') => openScreen(App, name, tongue);
const button = (name: string) => screen.getByRole('button', { name });
const box = (name: string) => screen.getByRole<HTMLInputElement>('textbox', { name });

beforeEach(() => localStorage.clear());
afterEach(cleanup);

describe('signing in with a SIP account', () => {
  test('is the second way on the page', async () => {
    const host = await open('signin');
    await userEvent.click(screen.getByRole('radio', { name: 'SIP account' }));
    await userEvent.type(box('SIP address'), '1001@pbx.example');
    await userEvent.type(screen.getByLabelText('Password'), 'practice');
    await userEvent.type(box('Registrar (optional)'), ' 127.0.0.1:5060 ');
    await userEvent.click(screen.getByRole('radio', { name: 'TCP' }));
    await userEvent.click(button('Sign in'));
    expect(host.sent).toEqual([
      {
        kind: 'use_account',
        account: { aor: '1001@pbx.example', auth_user: null, password: 'practice', registrar: '127.0.0.1:5060', transport: 'tcp', display_name: null },
      },
    ]);
  });

  test('stands there filled in where one was used last, but for the password', async () => {
    const host = await open('signin-account', 'zh');
    await waitFor(() => expect(box('SIP 地址').value).toBe('sip:1001@pbx.example'));
    const password = screen.getByLabelText<HTMLInputElement>('密码');
    await waitFor(() => expect(document.activeElement).toBe(password));
    expect(password.value).toBe('');
    await userEvent.click(button('登录'));
    expect(screen.getByText('请填写')).toBeTruthy();
    expect(host.sent).toEqual([]);
    await userEvent.type(password, 'practice{Enter}');
    expect(host.sent).toMatchObject([{ kind: 'use_account', account: { aor: 'sip:1001@pbx.example', registrar: 'pbx.example:5060', transport: 'tcp', password: 'practice' } }]);
  });

  test('goes over TLS, with root certificates of one’s own', async () => {
    const host = await open('signin');
    await userEvent.click(screen.getByRole('radio', { name: 'SIP account' }));
    await userEvent.click(button('Trusted certificates The system’s'));
    await userEvent.click(await screen.findByRole('radio', { name: 'Own' }));
    expect(host.sent).toEqual([]);
    await userEvent.type(box('File with root certificates (PEM)'), ' /etc/ssl/company.pem');
    expect(host.sent.at(-1)).toEqual({ kind: 'set_roots', file: '/etc/ssl/company.pem' });
    await userEvent.click(screen.getByRole('radio', { name: 'The system’s' }));
    expect(host.sent.at(-1)).toEqual({ kind: 'set_roots', file: null });
    await userEvent.click(screen.getByRole('radio', { name: 'Own' }));
    expect(host.sent.at(-1)).toEqual({ kind: 'set_roots', file: '/etc/ssl/company.pem' });
    await userEvent.keyboard('{Escape}');
    await userEvent.click(await screen.findByRole('button', { name: 'Trusted certificates Own' }));
    await userEvent.keyboard('{Escape}');
    await userEvent.type(box('SIP address'), '1001@pbx.example');
    await userEvent.type(screen.getByLabelText('Password'), 'practice');
    await userEvent.click(screen.getByRole('radio', { name: 'TLS' }));
    await userEvent.click(button('Sign in'));
    expect(host.sent.at(-1)).toMatchObject({ kind: 'use_account', account: { transport: 'tls' } });
  });

  test('shows the roots that count, and what is wrong with them', async () => {
    await open('signin-roots', 'zh');
    await userEvent.click(await screen.findByRole('button', { name: '信任的证书 自己的' }));
    expect((await screen.findByRole<HTMLInputElement>('textbox', { name: '根证书文件（PEM）' })).value).toBe('/etc/ssl/company.pem');
    expect(screen.getByRole('alert').textContent).toContain('(roots_invalid)');
  });

  test('refuses what is no address, by itself', async () => {
    const host = await open('signin');
    await userEvent.click(screen.getByRole('radio', { name: 'SIP account' }));
    await userEvent.type(box('SIP address'), 'pbx.example');
    await userEvent.type(screen.getByLabelText('Password'), 'practice{Enter}');
    expect(screen.getByText('The address looks like 1001@pbx.example')).toBeTruthy();
    expect(host.sent).toEqual([]);
  });

  test.each<Code>(['registration_refused', 'unknown_host', 'connection_refused', 'unreachable', 'account_invalid', 'account_readable'])('tells %s with its code', async (code) => {
    const host = await open('signin-account');
    host.publish({ session: { kind: 'signed_out', error: code } });
    expect((await screen.findByRole('alert')).textContent).toMatch(new RegExp(`^.{20,} \\(${code}\\)$`));
  });

  test('an error of one way is not shown with the other', async () => {
    await open('signin-error');
    expect(screen.getByRole('alert').textContent).toContain('(connection_refused)');
    await userEvent.click(screen.getByRole('radio', { name: 'SIP account' }));
    expect(screen.getByRole('alert').textContent).toBe('');
  });
});

describe('the desk of a SIP account', () => {
  test('says that there is no centre, and shows nothing of one', async () => {
    await open('account');
    expect(screen.getByText('Local, registered')).toBeTruthy();
    expect(screen.getByText('No centre')).toBeTruthy();
    expect(screen.getByText('Set by the line')).toBeTruthy();
    expect(screen.queryByRole('region', { name: 'Queues' })).toBeNull();
    await userEvent.click(button('Ready, Calls ring at once'));
    expect(await screen.findByRole('menuitem', { name: 'Break' })).toBeTruthy();
    expect(screen.queryByRole('menuitem', { name: 'Answer on mobile' })).toBeNull();
  });

  test('leads from the settings to another account', async () => {
    const host = await open('account');
    await userEvent.click(button('Settings'));
    expect(await screen.findByText('SIP account, no centre')).toBeTruthy();
    await userEvent.click(button('Use another account'));
    expect(host.sent).toEqual([{ kind: 'sign_out' }]);
    expect(await screen.findByRole('textbox', { name: 'SIP address' })).toBeTruthy();
  });

  test('tells that the registration is lost, with its code', async () => {
    const host = await open('account', 'zh');
    host.publish({ links: { api: { kind: 'off' }, sip: { kind: 'connecting', error: 'registration_lost' } }, cannot_dial: 'registration_lost' });
    expect(await screen.findByText('本地，未注册')).toBeTruthy();
    expect(screen.getAllByText('(registration_lost)').length).toBeGreaterThan(0);
  });

  test('sends a call that nobody answers back to no queue', async () => {
    const host = await open('ringing');
    const aside = () => screen.getByRole('region', { name: 'Phone' }).textContent;
    expect(aside()).toContain('then back to queue');
    host.publish({ calls: host.view.calls.map((call) => ({ ...call, skill_group: null })) });
    await waitFor(() => expect(aside()).toContain('or it is missed'));
    expect(aside()).not.toContain('back to queue');
  });

  test('says where a refused password is typed again, and promises no further try', async () => {
    const host = await open('account');
    host.publish({ links: { api: { kind: 'off' }, sip: { kind: 'connecting', error: 'wrong_password' } }, cannot_dial: 'wrong_password' });
    expect(await screen.findByText(/Under Settings, Use another account/)).toBeTruthy();
    expect(button('Offline, Account refused')).toBeTruthy();
    expect(screen.queryByText(/trying again|by itself/i)).toBeNull();
  });

  test('keeps a submitted form on this computer, and says so', async () => {
    const host = await open('wrapup');
    host.publish({ wrap_ups: host.view.wrap_ups.map((form) => (form.id === 'wrap-now' ? { ...form, saved: { kind: 'kept', at: Date.now() }, can: [] } : form)) });
    expect(await screen.findByText('Submitted, kept on this computer')).toBeTruthy();
    expect(button('Hannah Whitfield, kept here')).toBeTruthy();
  });
});

test('a notice of a failure carries its code', async () => {
  const host = await open('live');
  host.publish({ notices: [{ id: 1, at: Date.now(), about: { kind: 'failed', code: 'no_microphone' } }] });
  expect((await screen.findByRole('group', { name: 'That did not work' })).textContent).toContain('No microphone was found; plug in a headset or microphone and try again (no_microphone)');
});
