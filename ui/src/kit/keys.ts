// How a key is written on the screen and how it is told to a screen reader.

/** `Ctrl Enter` → `Control+Enter`, as aria-keyshortcuts wants it. */
export function ariaKeys(keys: string): string {
  return keys.replace('Ctrl', 'Control').replace('Esc', 'Escape').replaceAll(' ', '+');
}
