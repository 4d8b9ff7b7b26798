// Shapes on a 20 × 20 grid, stroked in the current colour; class "f" fills instead. Constants of ours only: Icon draws
// them as markup.

const handset =
  'M10 6.2c3.3 0 6.3 1.2 8.3 3.3.6.6.7 1.5.2 2.2l-1.5 2.2c-.5.7-1.4.9-2.1.5l-2.3-1.3c-.6-.3-.9-.9-.8-1.6l.1-1.2c-1.2-.3-2.6-.3-3.8 0l.1 1.2c.1.7-.2 1.3-.8 1.6l-2.3 1.3c-.7.4-1.6.2-2.1-.5L1.5 11.7c-.5-.7-.4-1.6.2-2.2C3.7 7.4 6.7 6.2 10 6.2z';

export const icons = {
  // states
  ready: '<circle class="f" cx="10" cy="10" r="6.5"/>',
  out: '<circle cx="10" cy="10" r="6.5"/>',
  break: '<circle cx="10" cy="10" r="6.8"/><rect class="f" x="7" y="6.8" width="2.1" height="6.4" rx=".6"/><rect class="f" x="10.9" y="6.8" width="2.1" height="6.4" rx=".6"/>',
  mobile: '<rect x="5.5" y="2.5" width="9" height="15" rx="2"/><path class="f" d="M8 13.5h4v2H8z"/>',
  ring: '<circle class="f" cx="10" cy="10" r="3"/><path d="M5.2 5.2a6.8 6.8 0 0 0 0 9.6M14.8 5.2a6.8 6.8 0 0 1 0 9.6M2.6 2.8a10.3 10.3 0 0 0 0 14.4M17.4 2.8a10.3 10.3 0 0 1 0 14.4"/>',
  live: '<path d="M3 8v4M6.5 5.5v9M10 3v14M13.5 5.5v9M17 8v4"/>',
  wrap: '<path d="M3.8 16.2l.8-3.8L13 4a2 2 0 0 1 2.9 2.9l-8.3 8.4z"/><path d="M11.5 16.5h5"/>',
  recovering: '<path d="M2.5 10.5h3.3l2-5.5 4 10 2.2-6 1 1.5h2.5"/>',
  offline: '<path d="M3 3l14 14"/><circle cx="10" cy="10" r="6.8"/>',
  // calls
  answer: `<path class="f" transform="rotate(-135 10 10.2)" d="${handset}"/>`,
  hangUp: `<path class="f" d="${handset}"/>`,
  mic: '<rect x="7.5" y="2.5" width="5" height="9" rx="2.5"/><path d="M4.5 9.5a5.5 5.5 0 0 0 11 0M10 15v2.5"/>',
  micOff: '<path d="M7.5 8V5a2.5 2.5 0 0 1 5 0v4m-1 2.3A2.5 2.5 0 0 1 7.5 9.5M4.5 9.5a5.5 5.5 0 0 0 8.6 4.5M15.3 11a5.4 5.4 0 0 0 .2-1.5M10 15v2.5M3.5 3l13 14"/>',
  hold: '<rect class="f" x="5.5" y="4" width="3.2" height="12" rx="1"/><rect class="f" x="11.3" y="4" width="3.2" height="12" rx="1"/>',
  keypad:
    '<circle class="f" cx="4.5" cy="4.5" r="1.5"/><circle class="f" cx="10" cy="4.5" r="1.5"/><circle class="f" cx="15.5" cy="4.5" r="1.5"/><circle class="f" cx="4.5" cy="10" r="1.5"/><circle class="f" cx="10" cy="10" r="1.5"/><circle class="f" cx="15.5" cy="10" r="1.5"/><circle class="f" cx="4.5" cy="15.5" r="1.5"/><circle class="f" cx="10" cy="15.5" r="1.5"/><circle class="f" cx="15.5" cy="15.5" r="1.5"/>',
  consult: '<circle cx="7" cy="7" r="2.8"/><path d="M2.2 16.2c.4-2.9 2.3-4.7 4.8-4.7 1.7 0 3.1.8 3.9 2.1"/><path d="M12 3.5h5.5v5H15l-2 1.8V8.5h-1z"/>',
  transfer: '<path d="M3 15.5v-2a5 5 0 0 1 5-5h8M12.5 4.5l4 4-4 4"/>',
  play: '<path class="f" d="M6 4.2c0-.8.9-1.3 1.6-.9l8.7 5.8c.6.4.6 1.3 0 1.7l-8.7 5.8c-.7.4-1.6 0-1.6-.8z"/>',
  backspace: '<path d="M7.5 5h9v10h-9L3 10zM10 8l4 4M14 8l-4 4"/>',
  star: '<path d="M10 2.8l2.2 4.5 5 .7-3.6 3.5.85 5L10 14.15 5.55 16.5l.85-5L2.8 8l5-.7z"/>',
  headset: '<path d="M3.5 12.5V10a6.5 6.5 0 0 1 13 0v2.5M16.5 13.5c0 2-1.5 3-4 3"/><rect x="2.8" y="10.5" width="3.4" height="5" rx="1.4"/><rect x="13.8" y="10.5" width="3.4" height="5" rx="1.4"/>',
  inbound: '<path d="M15.5 4.5l-10 10M5.5 7.5v7h7"/>',
  outbound: '<path d="M4.5 15.5l10-10M7.5 5.5h7v7"/>',
  abandoned: '<path d="M2.5 6l7 7 7-7M11.5 6h5v5"/>',
  // records
  visit: '<path d="M12.5 3.5a4 4 0 0 0-3.4 5.7L3.5 14.8l1.7 1.7 5.6-5.6a4 4 0 0 0 5.3-5l-2.4 2.4-2.3-.6-.6-2.3 2.4-2.3a4 4 0 0 0-.7.4z"/>',
  chat: '<path d="M3.5 4.5h13v9H9l-3.5 3v-3h-2z"/>',
  ticket: '<path d="M3 6h14v2.7a1.5 1.5 0 0 0 0 2.6V14H3v-2.7a1.5 1.5 0 0 0 0-2.6zM11.5 6v8"/>',
  person: '<circle cx="10" cy="7" r="3.2"/><path d="M3.8 16.5c.6-3.3 3-5 6.2-5s5.6 1.7 6.2 5"/>',
  clock: '<circle cx="10" cy="10" r="7.2"/><path d="M10 5.8V10l2.8 1.8"/>',
  // where a text is
  disk: '<path d="M4 4h9.5L16 6.5V16H4zM7 4v4h5V4M7 16v-4.5h6V16"/>',
  synced: '<path d="M6 15.5a3.5 3.5 0 0 1-.4-7 4.8 4.8 0 0 1 9.2.8 3.1 3.1 0 0 1-.3 6.2z"/><path d="M7.7 11.3l1.7 1.7 3-3.4"/>',
  waiting: '<path d="M6 15.5a3.5 3.5 0 0 1-.4-7 4.8 4.8 0 0 1 9.2.8 3.1 3.1 0 0 1-.3 6.2M10 16.5v-6M7.7 12.5l2.3-2.3 2.3 2.3"/>',
  // marks
  warn: '<path d="M10 3.2l7.3 12.9H2.7zM10 8v4"/><circle class="f" cx="10" cy="14" r="1"/>',
  okay: '<circle cx="10" cy="10" r="7.2"/><path d="M6.8 10.3l2.3 2.3 4.2-4.8"/>',
  noNetwork: '<path d="M3 3l14 14M2.8 8.3a10.5 10.5 0 0 1 3-2M9 5.1c3-.3 6 .8 8.2 3.2M5.3 11.3A6.8 6.8 0 0 1 8 9.6M12.3 9.8c.9.4 1.7.9 2.4 1.6M8 14a2.9 2.9 0 0 1 3.8-.1"/>',
  check: '<path d="M4 10.5l4 4 8-9"/>',
  plus: '<path d="M10 4v12M4 10h12"/>',
  close: '<path d="M5 5l10 10M15 5L5 15"/>',
  down: '<path d="M5.5 8l4.5 4.5L14.5 8"/>',
  again: '<path d="M16 10a6 6 0 1 1-1.9-4.4M16.3 2.7v3.5h-3.5"/>',
  home: '<path d="M3.5 9.5L10 3.8l6.5 5.7M5.2 8.3v7.9h9.6V8.3"/>',
  list: '<path d="M7 5.5h9.5M7 10h9.5M7 14.5h9.5"/><circle class="f" cx="3.8" cy="5.5" r="1.1"/><circle class="f" cx="3.8" cy="10" r="1.1"/><circle class="f" cx="3.8" cy="14.5" r="1.1"/>',
  sliders: '<path d="M4 5.5h7M15.5 5.5h.5M4 10h1.5M10 10h6M4 14.5h6M14.5 14.5H16"/><circle cx="13.3" cy="5.5" r="1.9"/><circle cx="7.7" cy="10" r="1.9"/><circle cx="12.3" cy="14.5" r="1.9"/>',
  globe: '<circle cx="10" cy="10" r="7.2"/><path d="M2.8 10h14.4M10 2.8c4.5 4.5 4.5 10 0 14.4M10 2.8c-4.5 4.5-4.5 10 0 14.4"/>',
  forward: '<path d="M8 5.5l4.5 4.5L8 14.5"/>',
  leave: '<path d="M8 3.5H4v13h4M12.5 6.5L16 10l-3.5 3.5M16 10H8"/>',
} as const;

export type IconName = keyof typeof icons;
