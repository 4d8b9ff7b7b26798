import { describe, expect, test } from 'vitest';
import type { Code } from '../host/types';
import { en } from './en';
import { clock, countdown, duration, phone, when } from './format';
import { zh } from './zh';

/** Every leaf of an object of words, by its path. */
function leaves(words: object, path = ''): Map<string, unknown> {
  const all = new Map<string, unknown>();
  for (const [key, value] of Object.entries(words)) {
    const here = path ? `${path}.${key}` : key;
    if (typeof value === 'object' && value !== null) for (const [k, v] of leaves(value, here)) all.set(k, v);
    else all.set(here, value);
  }
  return all;
}

describe('the two languages', () => {
  const chinese = leaves(zh);
  const english = leaves(en);

  test('have the same keys', () => {
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort());
  });

  test('leave no text empty and agree on which take values', () => {
    for (const [key, word] of chinese) {
      const other = english.get(key);
      expect(typeof other, key).toBe(typeof word);
      if (typeof word === 'string') expect(word.trim(), key).not.toBe('');
      if (typeof other === 'string') expect(other.trim(), key).not.toBe('');
      if (typeof word === 'function' && typeof other === 'function') expect(other.length, key).toBe(word.length);
    }
  });

  test('name every code in its own words', () => {
    const codes = Object.keys(zh.codes) as Code[];
    expect(codes.length).toBeGreaterThan(25);
    for (const code of codes) {
      expect(zh.codes[code], code).toMatch(/[\u4e00-\u9fff]/);
      expect(en.codes[code], code).toMatch(/[a-z]/);
    }
    expect(new Set(Object.values(zh.codes)).size).toBe(codes.length);
    expect(new Set(Object.values(en.codes)).size).toBe(codes.length);
  });

  test('keep the words of the trade that the manual uses', () => {
    expect(zh.phone).toMatchObject({ checkIn: '签入', answer: '接听', decline: '拒接', mute: '静音', hangUp: '挂断', submitAndStart: '提交并开始接听' });
    expect(en.phone).toMatchObject({ checkIn: 'Check in', answer: 'Answer', decline: 'Decline', mute: 'Mute', hangUp: 'Hang up', submitAndStart: 'Submit and start answering' });
    expect(zh.wrapUp.title).toBe('会话小结');
    expect(en.wrapUp.title).toBe('Call summary');
  });
});

describe('figures', () => {
  test('durations are m:ss, from one hour h:mm:ss, never negative', () => {
    expect([0, 999, 61_000, 3_599_999, 3_600_000, 3_735_000, -5_000].map(duration)).toEqual(['0:00', '0:00', '1:01', '59:59', '1:00:00', '1:02:15', '0:00']);
  });

  test('a countdown rounds up, so that 0:00 means over', () => {
    expect([30_000, 29_001, 1, 0, -1].map((left) => countdown(1_000_000 + left, 1_000_000))).toEqual(['0:30', '0:30', '0:01', '0:00', '0:00']);
  });

  test('numbers are grouped as their country writes them', () => {
    const written = {
      '12800550142': '128 0055 0142',
      '+8612800550142': '+86 128 0055 0142',
      '+14155550142': '+1 415 555 0142',
      '+447700900142': '+44 7700 900142',
      '057115550188': '0571 1555 0188',
      '02815550140': '028 1555 0140',
      '4001001234': '400 100 1234',
      '1001': '1001',
      '*#06#': '*#06#',
    };
    for (const [number, shown] of Object.entries(written)) expect(phone(number)).toBe(shown);
  });

  test('a moment is told by how far it is away', () => {
    const now = new Date(2026, 10, 24, 14, 30).getTime();
    const at = (...parts: [number, number, number, number]) => new Date(2026, ...parts).getTime();
    expect(when('zh-CN', at(10, 24, 14, 24), now, zh.days)).toBe('今天 14:24');
    expect(when('zh-CN', at(10, 23, 23, 59), now, zh.days)).toBe('昨天 23:59');
    expect(when('zh-CN', at(10, 21, 10, 12), now, zh.days)).toBe('11-21 10:12');
    expect(when('en', at(10, 21, 10, 12), now, en.days)).toBe('21 Nov 10:12');
    expect(when('en', new Date(2025, 8, 18, 12, 44).getTime(), now, en.days)).toBe('18 Sep 2025');
    expect(clock(at(10, 24, 9, 5))).toBe('09:05');
  });
});
