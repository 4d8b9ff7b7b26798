import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Rest, REST_MS } from './rest.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what is offered first needs no rest', () => {
  const rest = new Rest();
  rest.offers('check_in');
  expect(rest.resting).toBe(false);
});

test('a changed offer rests for 600 ms and no longer', () => {
  const rest = new Rest();
  rest.offers('none');
  rest.offers('answer');
  expect(rest.resting).toBe(true);
  vi.advanceTimersByTime(REST_MS - 1);
  expect(rest.resting).toBe(true);
  vi.advanceTimersByTime(1);
  expect(rest.resting).toBe(false);
});

test('the same offer again does not prolong the rest', () => {
  const rest = new Rest();
  rest.offers('none');
  rest.offers('answer');
  vi.advanceTimersByTime(500);
  rest.offers('answer');
  vi.advanceTimersByTime(100);
  expect(rest.resting).toBe(false);
});

test('a second change during the rest begins it anew', () => {
  const rest = new Rest();
  rest.offers('none');
  rest.offers('answer');
  vi.advanceTimersByTime(500);
  rest.offers('none');
  vi.advanceTimersByTime(599);
  expect(rest.resting).toBe(true);
});
