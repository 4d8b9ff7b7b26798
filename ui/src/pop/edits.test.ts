import { expect, test } from 'vitest';
import type { Customer } from '../host/types';
import { cleanNumber, rebase } from './edits.svelte';

const label = (en: string) => ({ zh: en, en });
const customer = (change: Partial<Customer>): Customer => ({
  id: 'a', reference: 'C-1', name: 'Ada', numbers: ['1001'], home: null, tags: ['one', 'two'], fields: [{ label: label('City'), value: 'Oslo' }, { label: label('Plan'), value: 'A' }],
  version: 3, ...change,
});

test('numbers are read with their writing marks, and nothing else', () => {
  const read = { '+44 (7700) 900-155': '+447700900155', '0571-1555.0188': '057115550188', '（010）1234/5678': '01012345678', '*21#': '*21#' };
  for (const [text, clean] of Object.entries(read)) expect(cleanNumber(text), text).toBe(clean);
  for (const text of ['', '1', '+', '12a', '1'.repeat(21), '1+2']) expect(cleanNumber(text), text).toBeNull();
});

test('a change is put on top of another’s: each keeps what the other did not touch', () => {
  const { name, numbers, tags, fields } = customer({});
  const base = { name, numbers, tags, fields };
  const body = { ...base, name: 'Ada L.', tags: ['two', 'mine'], fields: [{ label: label('City'), value: 'Bergen' }, { label: label('Plan'), value: 'A' }] };
  const theirs = customer({ version: 5, numbers: ['1002'], tags: ['one', 'two', 'theirs'], fields: [{ label: label('City'), value: 'Oslo' }, { label: label('Plan'), value: 'B' }] });
  const { edited, body: merged, sent } = rebase({ edited: ['a', 3], base, body, sent: true }, theirs);
  expect(edited).toEqual(['a', 5]);
  expect(sent).toBe(false);
  expect(merged).toEqual({ name: 'Ada L.', numbers: ['1002'], tags: ['two', 'theirs', 'mine'], fields: [{ label: label('City'), value: 'Bergen' }, { label: label('Plan'), value: 'B' }] });
});
