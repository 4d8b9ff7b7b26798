// Opens a scripted screen in a test, in a language.

import { render, waitFor } from '@testing-library/svelte';
import type { Component } from 'svelte';
import { expect } from 'vitest';
import type { Host } from './host';
import { RehearsalHost } from './rehearsal';
import type { Tongue } from './rehearsal-data';

export async function openScreen(App: Component<{ host: Host }>, name: string, tongue: Tongue = 'en'): Promise<RehearsalHost> {
  const language = tongue === 'en' ? 'en' : 'zh-CN';
  localStorage.setItem('offhook.language', language);
  const host = new RehearsalHost(name, tongue);
  render(App, { host });
  await waitFor(() => expect(document.documentElement.lang).toBe(language));
  return host;
}
