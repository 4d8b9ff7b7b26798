// The centre's address as an agent types it. Pure.

/** Whether the desk can take it: an http or https address with a host. */
export function isAddress(text: string): boolean {
  try {
    const url = new URL(text.trim());
    return (url.protocol === 'https:' || url.protocol === 'http:') && url.hostname !== '';
  } catch {
    return false;
  }
}

/** `centre.example` means `https://centre.example`; a loopback host is on this computer and speaks http. */
export function completeAddress(text: string): string {
  const typed = text.trim();
  if (typed === '' || /^[a-z]+:\/\//i.test(typed)) return typed;
  return `${/^(localhost|127\.|\[::1\])/.test(typed) ? 'http' : 'https'}://${typed}`;
}

/** Whether this may be an address of record: a user at a host, with or without `sip:` before it. */
export function isAor(text: string): boolean {
  return /^(sips?:)?[^\s@:/]+@[^\s@/]+$/i.test(text.trim());
}
