// What this window remembers: its language and its look. Kept by the window, since it says nothing about anybody.

import { i18n, languages, type Language } from '../i18n';

export const themes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const LANGUAGE = 'offhook.language';
const THEME = 'offhook.theme';

function remembered<T extends string>(key: string, values: readonly T[]): T | null {
  try {
    const value = localStorage.getItem(key);
    return values.find((known) => known === value) ?? null;
  } catch {
    return null; // Storage is switched off: the window then starts as the system says.
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // As above: what cannot be kept holds until the window closes.
  }
}

class Preferences {
  theme = $state<Theme>('auto');
  #systemDark = $state(false);

  get dark(): boolean {
    return this.theme === 'auto' ? this.#systemDark : this.theme === 'dark';
  }

  /** Takes up what was remembered and follows the system where it decides. */
  start(): () => void {
    this.theme = remembered(THEME, themes) ?? 'auto';
    i18n.language = remembered(LANGUAGE, languages) ?? (navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en');
    const system = window.matchMedia('(prefers-color-scheme: dark)');
    const follow = () => (this.#systemDark = system.matches);
    follow();
    system.addEventListener('change', follow);
    return () => system.removeEventListener('change', follow);
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    remember(THEME, theme);
  }

  setLanguage(language: Language): void {
    i18n.language = language;
    remember(LANGUAGE, language);
  }
}

export const preferences = new Preferences();
