// The words of the interface. Codes and data come in; sentences go out.

export { i18n, languages, type Language, type Messages } from './i18n.svelte';
export { clock, clockSeconds, countdown, duration, phone } from './format';
