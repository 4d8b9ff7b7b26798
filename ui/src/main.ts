import { mount } from 'svelte';
import '@fontsource-variable/inter/wght.css';
import './kit/tokens.css';
import './kit/base.css';
import App from './app/App.svelte';
import type { Host } from './host/host';
import { TauriHost } from './host/tauri';

async function pickHost(): Promise<Host> {
  if (import.meta.env.DEV) {
    // In a browser, without a phone behind: scripted screens, chosen by ?screen=
    const screen = new URLSearchParams(location.search).get('screen');
    if (screen !== null) return (await import('./host/rehearsal')).rehearse(screen);
  }
  return new TauriHost();
}

const target = document.getElementById('app');
if (!target) throw new Error('The page has no #app to draw in');
const host = await pickHost();
mount(App, { target, props: { host } });
