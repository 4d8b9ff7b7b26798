// What an agent writes beside a call: a new customer, a profile, tickets, and which of several customers it is.

import { cleanup, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openScreen } from '../host/rehearsal-open';
import type { RehearsalHost } from '../host/rehearsal';
import { ids, type Tongue } from '../host/rehearsal-data';
import { scene } from '../host/rehearsal-scenes';
import type { Answer, CallerMatch, Customer, FiledView, SavedState } from '../host/types';
import App from './App.svelte';

const open = (name: string, tongue: Tongue = 'en') => openScreen(App, name, tongue);
const button = (name: string) => screen.getByRole('button', { name });
const box = (name: string) => screen.getByRole<HTMLInputElement>('textbox', { name });

/** The desk says where the newest thing filed beside the current form is. */
function settle(host: RehearsalHost, saved: SavedState): void {
  host.publish({
    wrap_ups: host.view.wrap_ups.map((form) => (form.id === 'wrap-now' ? { ...form, filed: form.filed.map((entry): FiledView => ({ ...entry, saved, can: saved.kind === 'refused' ? ['mend', 'give_up'] : [] })) } : form)),
  });
}

beforeEach(() => localStorage.clear());
afterEach(cleanup);

describe('an unknown number', () => {
  test('has a form for a new customer with the number in it, and takes no focus', async () => {
    const host = await open('ready');
    const { calls, wrap_ups, next, activity } = scene('unknown', 'en').view;
    host.publish({ calls, wrap_ups, next, activity });
    const form = await screen.findByRole('form', { name: 'New customer' });
    expect(within(form).getByRole<HTMLInputElement>('textbox', { name: 'Number' }).value).toBe('075515550131');
    expect(document.activeElement).toBe(document.body);
  });

  test('is saved as a new customer, with further numbers and tags', async () => {
    const host = await open('unknown');
    await userEvent.type(await screen.findByRole('textbox', { name: 'Name' }), 'Ada Lindqvist');
    await userEvent.click(button('Add number'));
    await userEvent.type(box('Number 2'), '+44 7700 900-155');
    await userEvent.click(button('Add to Profile tags'));
    await userEvent.type(await screen.findByRole('textbox', { name: 'Add to Profile tags' }), 'VIP{Enter}');
    await userEvent.keyboard('{Escape}');
    await userEvent.click(button('Save'));
    expect(host.sent).toEqual([
      { kind: 'save_customer', wrap_up: 'wrap-now', edited: null, body: { name: 'Ada Lindqvist', numbers: ['075515550131', '+447700900155'], tags: ['VIP'], fields: [] } },
    ]);
    // Shown as saved before the centre has answered, with its state.
    expect(await screen.findByRole('heading', { level: 1, name: 'Ada Lindqvist' })).toBeTruthy();
    expect(screen.getByText('Submitting')).toBeTruthy();
    settle(host, { kind: 'waiting', since: Date.now(), error: 'unreachable' });
    expect(await screen.findByText('Waiting to sync')).toBeTruthy();
  });

  test('is not saved without a name, nor with a number that is none', async () => {
    const host = await open('unknown', 'zh');
    await userEvent.click(await screen.findByRole('button', { name: '保存' }));
    expect(screen.getByText('请填写姓名')).toBeTruthy();
    await userEvent.type(box('姓名'), '王秀兰');
    await userEvent.clear(box('电话号码'));
    await userEvent.type(box('电话号码'), '分机三');
    await userEvent.click(button('保存'));
    expect(screen.getByText('请输入 2 到 20 位数字')).toBeTruthy();
    expect(host.sent).toEqual([]);
  });

  test('keeps what was typed when another record is looked at', async () => {
    await open('unknown');
    await userEvent.type(await screen.findByRole('textbox', { name: 'Name' }), 'Ada');
    await userEvent.click(button('Grace Liu, draft'));
    await userEvent.click(button('Unknown number, ringing'));
    expect(box('Name').value).toBe('Ada');
  });
});

describe('several customers', () => {
  test('the choice is the desk’s, and can be made anew', async () => {
    const host = await open('several');
    const region = { name: 'Several customers share this number' };
    await userEvent.click(await within(await screen.findByRole('region', region)).findByRole('button', { name: /Grace Liu/ }));
    expect(host.sent).toEqual([{ kind: 'choose_customer', wrap_up: 'wrap-now', customer: ids.huimin }]);
    expect(await screen.findByRole('heading', { level: 1, name: 'Grace Liu' })).toBeTruthy();
    await userEvent.click(button('Somebody else'));
    await userEvent.click(await within(screen.getByRole('region', region)).findByRole('button', { name: /Hannah Whitfield/ }));
    expect(host.sent.at(-1)).toEqual({ kind: 'choose_customer', wrap_up: 'wrap-now', customer: ids.yutong });
  });
});

describe('a profile', () => {
  test('is edited in place: by Ctrl E, with the version that was read', async () => {
    const host = await open('wrapup');
    await waitFor(() => expect(button('Edit profile').getAttribute('aria-disabled')).toBeNull());
    await userEvent.keyboard('{Control>}e{/Control}');
    await waitFor(() => expect(document.activeElement).toBe(box('Name')));
    await userEvent.clear(box('Preference'));
    await userEvent.type(box('Preference'), 'Mornings');
    await userEvent.click(button('Remove Newsletter'));
    await userEvent.click(button('Save'));
    expect(host.sent).toHaveLength(1);
    const saved = host.sent[0];
    if (saved?.kind !== 'save_customer') throw new Error('a profile is saved');
    expect(saved.edited).toEqual([ids.yutong, 7]);
    expect(saved.body).toMatchObject({ name: 'Hannah Whitfield', numbers: ['+14155550142'], tags: ['Gold member', 'Purifier', 'Family'] });
    expect(saved.body.fields.find((field) => field.label.en === 'Preference')?.value).toBe('Mornings');
    expect(await screen.findByText('Mornings')).toBeTruthy();
    expect(button('Edit profile').getAttribute('aria-disabled')).toBe('true');
  });

  test('is as it was after Cancel', async () => {
    const host = await open('live');
    await userEvent.click(await screen.findByRole('button', { name: 'Edit profile' }));
    await userEvent.type(await screen.findByRole('textbox', { name: 'Name' }), ' changed');
    await userEvent.click(button('Cancel'));
    expect(screen.getByRole('heading', { level: 1, name: 'Hannah Whitfield' })).toBeTruthy();
    expect(screen.queryByRole('form', { name: 'Edit profile' })).toBeNull();
    expect(host.sent).toEqual([]);
  });

  test('is asked for again once it is at the centre', async () => {
    const host = await open('wrapup');
    await userEvent.click(await screen.findByRole('button', { name: 'Edit profile' }));
    await userEvent.type(await screen.findByRole('textbox', { name: 'Name' }), ' Jr');
    await userEvent.click(button('Save'));
    const query = vi.spyOn(host, 'query');
    settle(host, { kind: 'synced', at: Date.now() });
    await waitFor(() => expect(query).toHaveBeenCalledWith({ kind: 'card', call: 'call-now' }));
  });

  test('that somebody else changed as well stands beside theirs, line by line, and what is chosen is saved', async () => {
    const host = await open('conflict');
    const form = await screen.findByRole('form', { name: 'Somebody else changed this profile as well' });
    const picked = (row: string) => within(within(form).getByRole('radiogroup', { name: row })).queryAllByRole<HTMLInputElement>('radio').find(({ checked }) => checked)?.value ?? null;
    await waitFor(() => expect(picked('Name')).toBe('mine'));
    // What one side alone changed is picked already; what both changed is not.
    expect(picked('Profile tags')).toBe('theirs');
    expect(picked('Preference')).toBeNull();
    expect(within(form).queryByRole('radiogroup', { name: 'Product' })).toBeNull();
    const save = button('Save what is chosen');
    expect(within(form).getByText('1 line to choose')).toBeTruthy();
    expect(save.getAttribute('aria-disabled')).toBe('true');
    await userEvent.click(save);
    expect(host.sent).toEqual([]);
    await userEvent.click(screen.getByRole('radio', { name: 'Preference: At the centre, By text message' }));
    await userEvent.click(save);
    const saved = host.sent[0];
    if (saved?.kind !== 'save_customer') throw new Error('a profile is saved');
    expect(saved.edited).toEqual([ids.yutong, 9]);
    expect(saved.body).toMatchObject({ name: 'Hannah Whitfield Jr', tags: ['Gold member', 'Purifier', 'Family', 'Newsletter'] });
    expect(saved.body.fields.find((field) => field.label.en === 'Preference')?.value).toBe('By text message');
    await waitFor(() => expect(screen.queryByRole('form', { name: 'Somebody else changed this profile as well' })).toBeNull());
  });

  test('in conflict is not edited past it', async () => {
    await open('conflict');
    await screen.findByRole('form', { name: 'Somebody else changed this profile as well' });
    expect(screen.queryByRole('button', { name: 'Edit profile' })).toBeNull();
    await userEvent.keyboard('{Control>}e{/Control}');
    expect(screen.queryByRole('textbox', { name: 'Name' })).toBeNull();
    expect(screen.getByRole('form', { name: 'Somebody else changed this profile as well' })).toBeTruthy();
  });

  test('in conflict is to be chosen from anew when it is changed once more', async () => {
    const host = await open('conflict');
    await userEvent.click(await screen.findByRole('button', { name: 'All from here' }));
    expect(button('Save what is chosen').getAttribute('aria-disabled')).toBeNull();
    const ask = host.query.bind(host);
    vi.spyOn(host, 'query').mockImplementation(async (query) => {
      const answer: Answer = await ask(query);
      const newer = (theirs: Customer): Customer => ({ ...theirs, name: 'Somebody else', version: theirs.version + 1 });
      if (answer.kind === 'card') return { ...answer, cards: answer.cards.map((card) => ({ ...card, customer: newer(card.customer) })) } as never;
      if (answer.kind !== 'filed' || answer.text?.kind !== 'customer' || !answer.text.theirs) return answer as never;
      return { ...answer, text: { ...answer.text, theirs: newer(answer.text.theirs) } } as never;
    });
    // The look-up says more: the card is read anew, and with it what it was compared with.
    const stale = (caller: CallerMatch): CallerMatch => (caller.kind === 'known' ? { ...caller, stale: true } : caller);
    host.publish({ wrap_ups: host.view.wrap_ups.map((form) => ({ ...form, caller: stale(form.caller) })) });
    await screen.findByRole('radio', { name: 'Name: At the centre, Somebody else' });
    expect(button('Save what is chosen').getAttribute('aria-disabled')).toBe('true');
  });

  test('of which all is left to the other is dropped', async () => {
    const host = await open('conflict', 'zh');
    await userEvent.click(await screen.findByRole('button', { name: '全选服务端版本' }));
    await userEvent.click(button('保存所选'));
    expect(host.sent).toEqual([{ kind: 'give_up', wrap_up: 'wrap-now', what: { kind: 'customer', id: ids.yutong } }]);
    await waitFor(() => expect(screen.queryByText('这份客户资料别人也改过')).toBeNull());
  });

  test('that was refused for another reason says which, and can be changed again', async () => {
    const host = await open('wrapup', 'zh');
    await userEvent.click(await screen.findByRole('button', { name: '编辑资料' }));
    await userEvent.type(await screen.findByRole('textbox', { name: '姓名' }), '女士');
    await userEvent.click(button('保存'));
    settle(host, { kind: 'refused', code: 'forbidden' });
    expect(await screen.findByText('资料没有存上')).toBeTruthy();
    expect(screen.getByText('(forbidden)')).toBeTruthy();
    await userEvent.click(button('再改一次'));
    expect(box('姓名').value).toBe('陈雨桐女士');
  });
});

describe('a ticket', () => {
  test('is created from the side, by Ctrl T, with its due time', async () => {
    const host = await open('wrapup');
    await userEvent.keyboard('{Control>}t{/Control}');
    await waitFor(() => expect(document.activeElement).toBe(box('Title')));
    const form = screen.getByRole('form', { name: 'New ticket' });
    await userEvent.click(within(form).getByRole('button', { name: 'Create ticket' }));
    expect(screen.getByText('Please fill in the title')).toBeTruthy();
    expect(host.sent).toEqual([]);
    await userEvent.type(box('Title'), 'Base leaks');
    await userEvent.type(box('Details'), 'Second visit');
    const due = within(form).getByLabelText('Due (optional)');
    await userEvent.type(due, '2026-11-27T18:00');
    await userEvent.click(within(form).getByRole('button', { name: 'Create ticket' }));
    expect(host.sent).toEqual([{ kind: 'create_ticket', wrap_up: 'wrap-now', ticket: null, title: 'Base leaks', text: 'Second visit', due_at: new Date(2026, 10, 27, 18).getTime() }]);
    const filed = await screen.findByRole('list', { name: 'Tickets of this call' });
    expect(within(filed).getByText('Base leaks')).toBeTruthy();
    settle(host, { kind: 'waiting', since: Date.now(), error: 'unreachable' });
    await waitFor(() => expect(within(filed).getByText('Waiting to sync')).toBeTruthy());
    expect(within(filed).getByText('(unreachable)')).toBeTruthy();
  });

  test('can be created for an unknown number as well, and needs no due time', async () => {
    const host = await open('unknown', 'zh');
    await userEvent.click(await screen.findByRole('button', { name: '创建工单' }));
    await userEvent.type(await screen.findByRole('textbox', { name: '标题' }), '咨询安装{Enter}');
    expect(host.sent).toEqual([{ kind: 'create_ticket', wrap_up: 'wrap-now', ticket: null, title: '咨询安装', text: '', due_at: null }]);
  });

  test('that was refused opens again as it was written, and goes under its own name; or is dropped', async () => {
    const host = await open('ticket-refused');
    await userEvent.click(await screen.findByRole('button', { name: 'Change the ticket' }));
    await waitFor(() => expect(box('Title').value).toBe('Base leaks, second visit'));
    expect(document.activeElement).toBe(box('Title'));
    await userEvent.type(box('Title'), ' please');
    await userEvent.click(within(screen.getByRole('form', { name: 'Change the ticket' })).getByRole('button', { name: 'Save' }));
    expect(host.sent).toEqual([{ kind: 'create_ticket', wrap_up: 'wrap-now', ticket: 'ticket-1', title: 'Base leaks, second visit please', text: '', due_at: null }]);
    settle(host, { kind: 'refused', code: 'malformed' });
    await userEvent.click(await screen.findByRole('button', { name: 'Drop…' }));
    // Its text is nowhere else: it is asked once more, and what keeps it comes first.
    await waitFor(() => expect(document.activeElement).toBe(button('Keep')));
    expect(host.sent).toHaveLength(1);
    await userEvent.click(button('Keep'));
    await userEvent.click(await screen.findByRole('button', { name: 'Drop…' }));
    await userEvent.click(await screen.findByRole('button', { name: 'Drop it' }));
    expect(host.sent.at(-1)).toEqual({ kind: 'give_up', wrap_up: 'wrap-now', what: { kind: 'ticket', id: 'ticket-1' } });
    await waitFor(() => expect(screen.queryByRole('list', { name: 'Tickets of this call' })).toBeNull());
  });

  test('that this computer could not keep is still there to be sent', async () => {
    const host = await open('wrapup');
    await userEvent.keyboard('{Control>}t{/Control}');
    await userEvent.type(await screen.findByRole('textbox', { name: 'Title' }), 'Disk is full{Enter}');
    const failed = { kind: 'save_failed', code: 'store_full' } as const;
    host.publish({
      wrap_ups: host.view.wrap_ups.map((form) => ({ ...form, filed: form.filed.map((entry): FiledView => ({ ...entry, saved: failed, can: ['mend'] })) })),
    });
    await userEvent.click(await screen.findByRole('button', { name: 'Change the ticket' }));
    await waitFor(() => expect(box('Title').value).toBe('Disk is full'));
  });

  test('is not lost when another record is looked at, and gone after Cancel', async () => {
    await open('wrapup');
    await userEvent.click(await screen.findByRole('button', { name: 'Create ticket' }));
    await userEvent.type(await screen.findByRole('textbox', { name: 'Title' }), 'kept');
    await userEvent.click(button('Grace Liu, draft'));
    await userEvent.click(button('Hannah Whitfield, wrap-up'));
    expect(box('Title').value).toBe('kept');
    await userEvent.click(button('Cancel'));
    expect(screen.queryByRole('form', { name: 'New ticket' })).toBeNull();
    await userEvent.keyboard('{Control>}t{/Control}');
    await waitFor(() => expect(document.activeElement).toBe(box('Title')));
    await userEvent.keyboard('x{Escape}');
    expect(box('Title').value).toBe('x');
    await userEvent.keyboard('{Backspace}{Escape}');
    await waitFor(() => expect(screen.queryByRole('form', { name: 'New ticket' })).toBeNull());
  });
});
