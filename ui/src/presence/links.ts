// The links to the centre, as one question: does what is wanted stand?

import type { View } from '../host/types';

/** Open without a session, because the centre was away. */
export function isAway(view: View): boolean {
  return view.session.kind === 'offline';
}

/** Open without a session, and none comes before the password is given. */
export function asksPassword(view: View): boolean {
  return view.session.kind === 'offline' && view.session.again.kind === 'asks_password';
}

export function isDown(view: View): boolean {
  return isAway(view) || (view.session.kind === 'signed_in' && [view.links.api, view.links.sip].some((link) => link.kind === 'connecting'));
}

/** No call comes, whatever the state on record is. */
export function isVoiceDown(view: View): boolean {
  return view.session.kind === 'signed_in' && view.links.sip.kind === 'connecting';
}

/** Down because a try failed, not merely on its way up. */
export function isOffline(view: View): boolean {
  return isAway(view) || (isDown(view) && [view.links.api, view.links.sip].some((link) => link.kind === 'connecting' && link.error !== null));
}

/** The registrar takes no such password: it is not tried again by itself. */
export function isRefused(view: View): boolean {
  const { sip } = view.links;
  return sip.kind === 'connecting' && sip.error === 'wrong_password';
}

/** At work with a bare SIP account: there is no centre. */
export function isLocal(view: View): boolean {
  return view.session.kind === 'signed_in' && view.session.local;
}
