// Calls the agent makes, and what is done in one: the dial pad, hold, the keypad, redial, the call list.

import { cleanup, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openScreen } from '../host/rehearsal-open';
import type { Tongue } from '../host/rehearsal-data';
import { scene } from '../host/rehearsal-scenes';
import type { LegOutcome } from '../host/types';
import { en } from '../i18n/en';
import { REST_MS } from '../kit/rest.svelte';
import App from './App.svelte';

const open = (name: string, tongue: Tongue = 'en') => openScreen(App, name, tongue);
const pause = (millis: number) => new Promise((done) => setTimeout(done, millis));
const button = (name: string) => screen.getByRole('button', { name });
const isOff = (name: string) => button(name).getAttribute('aria-disabled') === 'true';
const dialField = (name = 'Dial') => {
  const field = screen.getByRole('textbox', { name });
  if (!(field instanceof HTMLInputElement)) throw new Error('the dial field is an input');
  return field;
};
const stage = () => screen.getByRole('region', { name: 'Phone' });

beforeEach(() => localStorage.clear());
afterEach(cleanup);

describe('the dial pad', () => {
  test('dials by Enter what was pasted, as it was pasted', async () => {
    const host = await open('ready');
    await userEvent.click(dialField());
    await userEvent.paste('+86 (128) 0055-0142');
    await userEvent.keyboard('{Enter}');
    expect(host.sent).toEqual([{ kind: 'dial', number: '+86 (128) 0055-0142' }]);
    expect(await screen.findByRole('timer', { name: 'Time since dialling' })).toBeTruthy();
  });

  test('types by its keys, takes back, and calls by the slot and by F2', async () => {
    const host = await open('ready');
    expect(isOff('Call')).toBe(true);
    for (const key of ['1', '2', '0', '*', '#']) await userEvent.click(button(key));
    expect(dialField().value).toBe('120*#');
    await userEvent.click(button('Delete the last digit'));
    await userEvent.click(button('Delete the last digit'));
    expect(dialField().value).toBe('120');
    expect(isOff('Call')).toBe(false);
    await userEvent.keyboard('{F2}');
    expect(host.sent).toEqual([{ kind: 'dial', number: '120' }]);
  });

  test('dials once however often Call is pressed', async () => {
    const host = await open('ready');
    vi.spyOn(host, 'send').mockImplementation(async (command) => void host.sent.push(command));
    await userEvent.type(dialField(), '12800550196');
    const call = button('Call');
    call.click();
    call.click();
    await tick();
    call.click();
    expect(host.sent).toEqual([{ kind: 'dial', number: '12800550196' }]);
  });

  test('is reached by Ctrl D and has its Chinese names', async () => {
    await open('ready', 'zh');
    await userEvent.keyboard('{Control>}d{/Control}');
    expect(document.activeElement).toBe(dialField('拨号'));
    await userEvent.keyboard('12800550196');
    expect(isOff('呼叫')).toBe(false);
    expect(screen.getByText('外呼号码')).toBeTruthy();
  });

  test('says beside the field that it is no number, and keeps what was typed', async () => {
    const host = await open('ready');
    await userEvent.type(dialField(), '12 abc{Enter}');
    expect(await screen.findByText(/^This is not a telephone number/)).toBeTruthy();
    expect(screen.getByText('(invalid_number)')).toBeTruthy();
    expect(dialField().value).toBe('12 abc');
    expect(dialField().getAttribute('aria-invalid')).toBe('true');
    // The field has said it: no notice says it again.
    expect(host.sent.map(({ kind }) => kind)).toEqual(['dial', 'dismiss_notice']);
    await userEvent.type(dialField(), '{Backspace}');
    expect(dialField().getAttribute('aria-invalid')).toBeNull();
  });

  test('refuses an empty field by itself', async () => {
    const host = await open('ready');
    await userEvent.type(dialField(), '{Enter}');
    expect(screen.getByText('Type a number first')).toBeTruthy();
    expect(host.sent).toEqual([]);
  });

  test('says why nothing can be dialled while checked out, and Check in stays the next action', async () => {
    const host = await open('out');
    await userEvent.type(dialField(), '12800550196{Enter}');
    expect(screen.getByText(/^You can dial once you are checked in/)).toBeTruthy();
    expect(isOff('Call')).toBe(true);
    expect(isOff('Check in')).toBe(false);
    await userEvent.keyboard('{F2}');
    expect(host.sent).toEqual([{ kind: 'check_in' }]);
  });

  test('opens in wrap-up beside the form, and closes again', async () => {
    const host = await open('wrapup');
    await userEvent.click(button('Dial pad'));
    await waitFor(() => expect(document.activeElement).toBe(dialField()));
    expect(isOff('Submit and start answering')).toBe(false);
    await userEvent.click(button('Close the dial pad'));
    expect(button('Redial')).toBeTruthy();
    await userEvent.keyboard('{Control>}d{/Control}');
    await waitFor(() => expect(document.activeElement).toBe(dialField()));
    await userEvent.keyboard('12800550196{F2}');
    expect(host.sent).toEqual([{ kind: 'dial', number: '12800550196' }]);
    await waitFor(() => expect(screen.getByRole('button', { name: 'Unknown number, calling' }).getAttribute('aria-current')).toBe('page'));
    expect(screen.getByRole('button', { name: /^Hannah Whitfield, / })).toBeTruthy();
  });

  test('keeps the number when a call comes meanwhile', async () => {
    const host = await open('ready');
    await userEvent.type(dialField(), '1280055');
    host.publish(scene('ringing', 'en').view);
    await waitFor(() => expect(button('Answer')).toBeTruthy());
    host.publish(scene('ready', 'en').view);
    await waitFor(() => expect(dialField().value).toBe('1280055'));
  });
});

describe('an own call', () => {
  test('tells calling from ringing, shows the caller ID, and counts no talk time', async () => {
    const host = await open('dialling');
    const polite = () => [...document.querySelectorAll('[aria-live="polite"]')].map((region) => region.textContent).join(' ');
    expect(polite()).toContain('Calling, Reaching them');
    expect(within(stage()).getByText('0571 1555 0188')).toBeTruthy();
    expect(screen.getByRole('timer', { name: 'Time since dialling' })).toBeTruthy();
    expect(screen.getByText('Talk time starts on answer')).toBeTruthy();
    host.publish(scene('alerting', 'en').view);
    await waitFor(() => expect(polite()).toContain('It rings at their end'));
    expect(screen.queryByRole('timer', { name: 'Talk time' })).toBeNull();
    for (const name of ['Mute', 'Hold', 'Keypad']) expect(isOff(name)).toBe(true);
  });

  test('is taken back by Hang up and by Shift Esc', async () => {
    const host = await open('alerting');
    await userEvent.keyboard('{Shift>}{Escape}{/Shift}');
    expect(host.sent).toEqual([{ kind: 'hang_up', leg: 'leg-now' }]);
    cleanup();
    const other = await open('dialling');
    await userEvent.click(button('Hang up'));
    expect(other.sent).toEqual([{ kind: 'hang_up', leg: 'leg-now' }]);
  });

  test('lets the agent write while it rings', async () => {
    const host = await open('alerting');
    await userEvent.type(await screen.findByRole('textbox', { name: 'Call summary' }), 'a');
    expect(host.sent).toEqual([{ kind: 'edit_draft', wrap_up: 'wrap-now', field: 'summary', value: 'a' }]);
  });

  test.each<[LegOutcome, string, string]>([
    ['busy', 'Busy', 'They are busy; redial in a while'],
    ['no_answer', 'No answer', 'Nobody answered; redial in a while'],
    ['rejected', 'Rejected', 'They rejected the call'],
    ['invalid_number', 'No such number', 'There is no such number; check it'],
    ['cancelled', 'Cancelled', 'The call was cancelled'],
    ['failed', 'Failed', 'The line failed; redial'],
  ])('that ended %s says so in words', async (outcome, word, sentence) => {
    const host = await open('ended-busy');
    host.publish({
      wrap_ups: host.view.wrap_ups.map((form) => (form.id === 'wrap-now' ? { ...form, outcome } : form)),
      notices: [{ id: 2, at: Date.now(), about: { kind: 'not_reached', number: '12800550142', outcome } }],
    });
    await waitFor(() => expect(stage().textContent).toContain(word));
    expect(screen.getByText(sentence)).toBeTruthy();
    expect(screen.getByRole('group', { name: '128 0055 0142' })).toBeTruthy();
  });

  test('is dialled again by Redial, once', async () => {
    const host = await open('ended-busy');
    vi.spyOn(host, 'send').mockImplementation(async (command) => void host.sent.push(command));
    button('Redial').click();
    button('Redial').click();
    expect(host.sent).toEqual([{ kind: 'redial', wrap_up: 'wrap-now' }]);
  });

  test('cannot be redialled where the desk says no, and the reason is the desk’s', async () => {
    const host = await open('ended-busy', 'zh');
    host.publish({ cannot_dial: 'registration_lost', wrap_ups: host.view.wrap_ups.map((form) => ({ ...form, can: ['edit', 'submit'] })) });
    await waitFor(() => expect(isOff('再次拨打')).toBe(true));
    await userEvent.click(button('再次拨打'));
    expect(host.sent).toEqual([]);
  });
});

describe('hold', () => {
  test('holds and retrieves by the tile and by F4, and a second press at once is the same press', async () => {
    const host = await open('live');
    const sent = () => host.sent.map((command) => command.kind === 'set_held' && command.held);
    button('Hold').click();
    button('Hold').click();
    await tick();
    expect(sent()).toEqual([true]);
    button('Retrieve').click();
    await userEvent.keyboard('{F4}');
    expect(sent()).toEqual([true]);
    await pause(REST_MS + 50);
    await userEvent.keyboard('{F4}');
    expect(sent()).toEqual([true, false]);
    expect(button('Hold')).toBeTruthy();
  });

  test('tells asked from confirmed', async () => {
    const host = await open('live');
    host.publish({ calls: host.view.calls.map((call) => ({ ...call, held: { wanted: true, confirmed: false } })) });
    const asked = await screen.findByRole('button', { name: 'Asked' });
    expect([asked.getAttribute('aria-busy'), asked.getAttribute('aria-pressed')]).toEqual(['true', 'true']);
    expect(screen.queryByText('They hear the prompt')).toBeNull();
  });

  test('shows it on the lamp and in the slot with its time, and all holds of the call together', async () => {
    await open('held');
    expect(screen.getByRole('button', { name: 'On hold, They hear the prompt' })).toBeTruthy();
    expect(button('Retrieve').getAttribute('aria-pressed')).toBe('true');
    expect(document.querySelector('.slot')?.textContent).toMatch(/On hold\s*0:(3[89]|4\d)/);
    expect(stage().textContent).toMatch(/held\s*(0:59|1:0\d)/);
    expect(screen.getByRole('timer', { name: 'Talk time' }).textContent).toMatch(/^3:(2[6-9]|3\d)$/);
    expect(isOff('Keypad')).toBe(true);
  });

  test('has its Chinese names', async () => {
    await open('held', 'zh');
    for (const name of ['取回', '键盘', '挂断', '静音']) expect(button(name)).toBeTruthy();
  });
});

test('what the customer keys is shown as it comes', async () => {
  const host = await open('live');
  const [call] = host.view.calls;
  if (!call) throw new Error('a call is live');
  expect(stage().textContent).not.toContain('They keyed');
  host.publish({ calls: [{ ...call, heard_keys: '4711' }] });
  await waitFor(() => expect(stage().textContent).toContain('They keyed 4711'));
});

describe('the keypad', () => {
  test('takes the tiles’ place, sends keys of both keyboards, shows them, and leaves Hang up where it was', async () => {
    const host = await open('live');
    await userEvent.keyboard('{F6}');
    const pad = await screen.findByRole('group', { name: 'Keypad' });
    await waitFor(() => expect(document.activeElement).toBe(pad));
    await userEvent.keyboard('12*#');
    await userEvent.click(button('9'));
    expect(host.sent).toEqual(['1', '2', '*', '#', '9'].map((key) => ({ kind: 'press', leg: 'leg-now', key })));
    const shown = screen.getByText('12*#9');
    expect(shown.closest('[aria-live], [role="status"]')).toBeNull();
    expect(screen.queryByRole('button', { name: 'Mute' })).toBeNull();
    expect(isOff('Hang up')).toBe(false);
    await userEvent.click(button('Close keypad'));
    expect(button('Mute')).toBeTruthy();
    expect(document.activeElement).toBe(button('Keypad'));
  });

  test('sends nothing of what is written elsewhere, and nothing once it is closed', async () => {
    const host = await open('live');
    await userEvent.click(button('Keypad'));
    await userEvent.type(await screen.findByRole('textbox', { name: 'Call summary' }), '7');
    expect(host.sent.map(({ kind }) => kind)).toEqual(['edit_draft']);
    await userEvent.keyboard('{F6}');
    button('Mute').focus();
    await userEvent.keyboard('8');
    expect(host.sent.map(({ kind }) => kind)).toEqual(['edit_draft']);
  });

  test('gives the caret back to where F6 took it from', async () => {
    await open('live');
    const field = await screen.findByRole('textbox', { name: 'Call summary' });
    await userEvent.click(field);
    await userEvent.keyboard('{F6}');
    await waitFor(() => expect(document.activeElement).toBe(screen.getByRole('group', { name: 'Keypad' })));
    await userEvent.keyboard('{F6}');
    await waitFor(() => expect(document.activeElement).toBe(field));
  });
});

describe('the call list', () => {
  const pick = async (name: RegExp) => {
    await userEvent.click(button('Calls'));
    await userEvent.click(await screen.findByRole('row', { name }));
  };

  test('shows the history with the customer, and redials', async () => {
    const host = await open('ready');
    await pick(/Grace Liu/);
    const asked = await screen.findByRole('region', { name: 'Calls with this customer' });
    expect(await within(asked).findByText('No earlier calls with this customer')).toBeTruthy();
    const details = screen.getByRole('region', { name: 'Call details' });
    await userEvent.click(within(details).getByRole('button', { name: 'Redial' }));
    expect(host.sent).toEqual([{ kind: 'dial', number: '+13125550196' }]);
  });

  test('lists earlier calls, says when they are this computer’s copy, and when they cannot be read', async () => {
    const host = await open('ready');
    const query = vi.spyOn(host, 'query');
    const { cards } = await host.query({ kind: 'customers', number: '+14155550142' });
    query.mockImplementation(async (asked) => {
      if (asked.kind === 'customers') return { kind: 'customers', cards, stale: true } as never;
      throw new Error('not asked here');
    });
    await pick(/Grace Liu/);
    const list = await screen.findByRole('list', { name: 'Calls with this customer' });
    expect(within(list).getAllByRole('listitem')).toHaveLength(2);
    expect(screen.getByText('This computer’s copy; older records come with the connection')).toBeTruthy();
    query.mockRejectedValue('unreachable');
    await userEvent.click(screen.getByRole('row', { name: /Tom Becker/ }));
    expect(await screen.findByText('The calls with this customer could not be read')).toBeTruthy();
  });

  test('has Play, refused with its reason', async () => {
    await open('ready', 'zh');
    await userEvent.click(button('通话列表'));
    await userEvent.click(await screen.findByRole('row', { name: /孙若兰/ }));
    expect(isOff('播放')).toBe(true);
    expect(screen.getByText('没有通话，没有录音')).toBeTruthy();
    await userEvent.click(screen.getByRole('row', { name: /赵文博/ }));
    expect(isOff('播放')).toBe(true);
    expect(screen.getByText('这通电话没有录音')).toBeTruthy();
    await userEvent.click(screen.getByRole('row', { name: /Emily Carter/ }));
    expect(isOff('播放')).toBe(true);
    expect(screen.getByText('没有听录音的权限')).toBeTruthy();
  });

  test('plays a recording, goes through it by keyboard and changes its speed', async () => {
    const host = await open('ready');
    await pick(/Grace Liu/);
    const place = screen.getByRole('slider', { name: 'Position' });
    expect(place.getAttribute('aria-valuetext')).toBe('0:00 of 9:12');
    await userEvent.click(button('Play'));
    const leg = 'leg-4';
    expect(host.sent).toEqual([{ kind: 'play_recording', leg }]);
    const playback = { leg, position: 60_400, length: 552_000, speed: 100 };
    host.publish({ playback: { ...playback, phase: { kind: 'playing' } } });
    await tick();
    expect(place.getAttribute('aria-valuetext')).toBe('1:00 of 9:12');
    place.focus();
    await userEvent.keyboard('{ArrowRight}{ArrowLeft}{End}{Home}');
    const seeks = host.sent.flatMap((command) => (command.kind === 'seek_playback' ? [command.millis] : []));
    expect(seeks).toEqual([65_400, 60_400, 552_000, 0]);
    await userEvent.click(screen.getByRole('radio', { name: '1.5×' }));
    expect(host.sent.at(-1)).toEqual({ kind: 'set_playback_speed', speed: 150 });
    await userEvent.click(button('Pause'));
    expect(host.sent.at(-1)).toEqual({ kind: 'pause_playback' });
    host.publish({ playback: { ...playback, phase: { kind: 'paused', why: 'call' } } });
    expect(await screen.findByText('Paused by a call')).toBeTruthy();
    host.publish({ playback: { ...playback, phase: { kind: 'failed', code: 'unreachable' } } });
    expect(await screen.findByText(en.codes.unreachable)).toBeTruthy();
  });

  test('is not heard without its control, and not in a call or offline', async () => {
    const host = await open('ready');
    await pick(/Grace Liu/);
    await userEvent.click(button('Play'));
    await userEvent.click(screen.getByRole('row', { name: /Tom Becker/ }));
    expect(host.sent.at(-1)).toEqual({ kind: 'pause_playback' });
    await userEvent.click(screen.getByRole('row', { name: /Grace Liu/ }));
    host.publish({ cannot_play: 'offline' });
    expect(await screen.findByText('The centre, which has it, cannot be reached')).toBeTruthy();
    expect(isOff('Play')).toBe(true);
    host.publish({ cannot_play: 'in_call' });
    expect(await screen.findByText('Not during a call')).toBeTruthy();
  });

  test('filters by drawer and says why an own call was missed', async () => {
    await open('ready');
    await userEvent.click(button('Calls'));
    await userEvent.click(await screen.findByRole('radio', { name: /^Missed/ }));
    expect(screen.getByRole('row', { name: /Daniel Okafor.*Missed · Busy/ })).toBeTruthy();
    expect(screen.queryByText('Liam Ortega')).toBeNull();
  });
});
