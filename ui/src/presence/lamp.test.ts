import { expect, test } from 'vitest';
import { screens, scene } from '../host/rehearsal-scenes';
import { en } from '../i18n/en';
import type { Text, View } from '../host/types';
import { lampFace } from './lamp';

const text = ({ en: english }: Text) => english;
const face = (screen: string, change: Partial<View> = {}) => lampFace({ ...scene(screen, 'en').view, ...change }, en, text, 5);

test('each state has its word, its shape and its tone', () => {
  const seen = ['out', 'ready', 'break', 'ringing', 'dialling', 'alerting', 'live', 'held', 'wrapup', 'offline', 'connecting'].map((screen) => {
    const { tone, title } = face(screen);
    return `${tone} ${title}`;
  });
  expect(seen).toEqual([
    'out Checked out', 'ready Ready', 'break Break', 'ring Incoming', 'live Calling', 'live Calling', 'live On a call', 'held On hold', 'wrap Wrap-up', 'off Offline', 'warn Connecting',
  ]);
});

test('a call is more urgent than a link that is down', () => {
  expect(face('live', { links: scene('offline', 'en').view.links }).tone).toBe('live');
});

test('an automatic Break says why', () => {
  expect(face('break').line).toBe('Set after an unanswered ring');
});

test('a presence that was asked for is told apart from the one on record', () => {
  const { presence } = scene('ready', 'en').view;
  if (!presence) throw new Error('the scene has a presence');
  const shown = face('ready', { presence: { ...presence, wanted: 'break' } });
  expect([shown.title, shown.line]).toEqual(['Ready', 'Asking for Break']);
});

test('without the centre the state on record is shown as unconfirmed, and what was asked for as to come', () => {
  const { presence, links } = scene('ready', 'en').view;
  if (!presence) throw new Error('the scene has a presence');
  const api = { kind: 'connecting', error: 'connection_refused' } as const;
  const alone = face('ready', { presence: { ...presence, unconfirmed: true }, links: { ...links, api } });
  expect([alone.tone, alone.title, alone.line, alone.unconfirmed]).toEqual(['ready', 'Ready', 'Not confirmed', true]);
  const asked = face('ready', { presence: { ...presence, unconfirmed: true, wanted: 'break' }, links: { ...links, api } });
  expect([asked.title, asked.line]).toEqual(['Ready', 'Break not sent yet']);
  const after = scene('wrapup', 'en').view.presence;
  if (!after) throw new Error('the scene has a presence');
  expect(face('wrapup', { presence: { ...after, unconfirmed: true }, links: { ...links, api } }).line).toBe('Not confirmed');
});

test('a queued check-out is said during the call and the wrap-up', () => {
  for (const screen of ['live', 'wrapup']) {
    const { presence } = scene(screen, 'en').view;
    if (!presence) throw new Error('the scene has a presence');
    expect(face(screen, { presence: { ...presence, check_out_queued: true } }).line).toBe('Then check out; can be taken back');
  }
});

test('every screen of the rehearsal has a face', () => {
  for (const screen of screens) expect(face(screen).title, screen).not.toBe('');
});
