import { expect, test } from 'vitest';
import { cleanNumber, dueField } from './edits.svelte';

test('numbers are read with their writing marks, and nothing else', () => {
  const read = { '+44 (7700) 900-155': '+447700900155', '0571-1555.0188': '057115550188', '（010）1234/5678': '01012345678', '*21#': '*21#' };
  for (const [text, clean] of Object.entries(read)) expect(cleanNumber(text), text).toBe(clean);
  for (const text of ['', '1', '+', '12a', '1'.repeat(21), '1+2']) expect(cleanNumber(text), text).toBeNull();
});

test('a moment comes back as the field for it gave it', () => {
  for (const text of ['2026-11-27T18:00', '2026-03-29T02:30']) expect(dueField(new Date(text).getTime())).toBe(text);
  expect(dueField(null)).toBe('');
});
