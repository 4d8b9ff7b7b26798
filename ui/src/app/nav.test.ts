import { beforeEach, describe, expect, test } from 'vitest';
import { scene } from '../host/rehearsal-scenes';
import { isTyping, Nav } from './nav.svelte';
import { currentWrapUp, openRecords, recordState } from './records';

const recordsOf = (screen: string) => openRecords(scene(screen, 'zh').view, null);

describe('the open records', () => {
  test('a call and the form that opened with it are one record, and come first', () => {
    const records = recordsOf('live');
    expect(records.map(({ id }) => id)).toEqual(['wrap-now', 'wrap-2', 'wrap-3']);
    expect(records[0]?.live?.phase).toBe('live');
    expect(records[0]?.form?.id).toBe('wrap-now');
  });

  test('what is synced stays while it is looked at, or one is in its wrap-up', () => {
    const afterwards = { ...scene('synced', 'zh').view, activity: 'free' as const };
    expect(openRecords(afterwards, null).map(({ id }) => id)).toEqual(['wrap-2', 'wrap-3']);
    expect(openRecords(afterwards, 'wrap-now').map(({ id }) => id)).toEqual(['wrap-now', 'wrap-2', 'wrap-3']);
    expect(recordsOf('synced').map(({ id }) => id)).toEqual(['wrap-now', 'wrap-2', 'wrap-3']);
  });

  test('each tells how it stands', () => {
    const { view } = scene('wrapup', 'zh');
    expect(openRecords(view, null).map((record) => recordState(record, view))).toEqual(['wrap_up', 'draft', 'waiting']);
    expect(currentWrapUp(view)?.id).toBe('wrap-now');
  });
});

describe('where the centre goes', () => {
  let nav: Nav;
  beforeEach(() => {
    nav = new Nav();
    nav.follow(recordsOf('ready'), null, false);
  });

  test('a call opens in the centre when nobody is typing', () => {
    nav.follow(recordsOf('ringing'), null, false);
    expect(nav.record).toBe('wrap-now');
    expect(nav.beside).toBeNull();
  });

  test('a call shows at the side when somebody is typing, and the form stays', () => {
    nav.go({ kind: 'record', id: 'wrap-2' });
    nav.follow(recordsOf('ringing'), null, true);
    expect(nav.record).toBe('wrap-2');
    expect(nav.beside).toBe('wrap-now');
    nav.go({ kind: 'record', id: 'wrap-now' });
    expect(nav.beside).toBeNull();
  });

  test('a later view of the same call changes nothing', () => {
    nav.follow(recordsOf('ringing'), null, false);
    nav.go({ kind: 'calls' });
    nav.follow(recordsOf('live'), null, false);
    expect(nav.place).toEqual({ kind: 'calls' });
  });

  test('a call that is gone gives the centre back', () => {
    nav.go({ kind: 'calls' });
    nav.follow(recordsOf('ringing'), null, false);
    nav.follow(recordsOf('ready'), null, false);
    expect(nav.place).toEqual({ kind: 'calls' });
  });

  test('a start in wrap-up opens the form one is in', () => {
    const fresh = new Nav();
    fresh.follow(recordsOf('wrapup'), 'wrap-now', false);
    expect(fresh.record).toBe('wrap-now');
  });
});

test('typing is a caret in a field, not a focused button', () => {
  document.body.innerHTML = '<textarea></textarea><button></button><input type="radio"><input type="text">';
  const [textarea, button, radio, input] = [...document.body.children];
  expect([textarea, button, radio, input, null].map((element) => isTyping(element ?? null))).toEqual([true, false, false, true, false]);
});

test('a form that was submitted under the caret is not being typed in', () => {
  document.body.innerHTML = '<textarea readonly></textarea><select disabled></select><select></select>';
  const fields = [...document.body.querySelectorAll('textarea, select')];
  expect(fields.map((field) => isTyping(field))).toEqual([false, false, true]);
});
