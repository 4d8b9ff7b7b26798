// Rules of the house that no compiler checks.

import { expect, test } from 'vitest';

const sources = import.meta.glob('./**/*.{ts,svelte,css}', { query: '?raw', import: 'default', eager: true }) as Record<string, string>;
const written = Object.entries(sources).filter(([path]) => !path.endsWith('.test.ts') && path !== './host/types.ts');

test('only host/ knows Tauri', () => {
  const guilty = written.filter(([path, text]) => text.includes('@tauri-apps') && path !== './host/tauri.ts').map(([path]) => path);
  expect(guilty).toEqual([]);
});

test('the kit knows nothing of calls', () => {
  const guilty = written.filter(([path, text]) => path.startsWith('./kit/') && /from '\.\.\//.test(text)).map(([path]) => path);
  expect(guilty).toEqual([]);
});

test('features do not reach into app/', () => {
  const guilty = written.filter(([path, text]) => !/^\.\/(app\/|main\.ts)/.test(path) && /from '\.\.?\/app\//.test(text)).map(([path]) => path);
  expect(guilty).toEqual([]);
});

test('the rehearsal stays out of what ships', () => {
  const guilty = written.filter(([path, text]) => !path.startsWith('./host/rehearsal') && /from '.*rehearsal/.test(text)).map(([path]) => path);
  expect(guilty).toEqual([]);
});

test('colours have names', () => {
  const guilty = written
    .filter(([path]) => path !== './kit/tokens.css')
    .filter(([path, text]) => /#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(/i.test(path.endsWith('.svelte') ? text.slice(text.indexOf('<style')) : path.endsWith('.css') ? text : ''))
    .map(([path]) => path);
  expect(guilty).toEqual([]);
});

test('no style or script stands inline, as the page’s policy wants it', () => {
  const guilty = written
    .filter(([path]) => path.endsWith('.svelte'))
    .filter(([, text]) => /\sstyle="/.test(text.slice(0, text.indexOf('<style') >>> 0)))
    .map(([path]) => path);
  expect(guilty).toEqual([]);
});
