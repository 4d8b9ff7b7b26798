// The lamp: the one state an agent reads from two metres. Pure: a view in, a tone, a shape and words out.

import type { Messages } from '../i18n';
import type { Text, View } from '../host/types';
import type { IconName } from '../kit/icons';
import { isAway, isRefused, isVoiceDown } from './links';

export type LampTone = 'out' | 'ready' | 'break' | 'mobile' | 'ring' | 'live' | 'held' | 'wrap' | 'warn' | 'off';

export interface LampFace {
  tone: LampTone;
  icon: IconName;
  title: string;
  line: string;
  /** Since when, where that is worth a figure. */
  since: number | null;
  /** The presence, where the title says something else. */
  presence: string;
  /** The centre cannot be asked whether it is so. */
  unconfirmed?: boolean;
}

const presenceFaces = {
  checked_out: { tone: 'out', icon: 'out' },
  ready: { tone: 'ready', icon: 'ready' },
  break: { tone: 'break', icon: 'break' },
  answer_on_mobile: { tone: 'mobile', icon: 'mobile' },
} as const;

export function lampFace(view: View, m: Messages, text: (text: Text) => string, downSince: number | null): LampFace {
  const presence = view.presence;
  const word = presence ? m.presences[presence.confirmed.presence] : '';
  const queued = presence?.check_out_queued ?? false;
  const call = view.calls[0];

  if (call?.phase === 'dialling' || call?.phase === 'alerting') {
    return { tone: 'live', icon: 'outbound', title: m.lamp.calling, line: call.phase === 'dialling' ? m.lamp.reaching : m.lamp.farRings, since: null, presence: word };
  }
  if (call && call.phase !== 'live') {
    const where = call.skill_group ? text(call.skill_group) : m.lamp.directCall;
    return {
      tone: 'ring', icon: 'ring', title: call.phase === 'offered' ? m.lamp.incoming : m.lamp.answering, line: where, since: null, presence: word,
    };
  }
  if (call?.held.confirmed) {
    return { tone: 'held', icon: 'hold', title: m.lamp.onHold, line: queued ? m.lamp.thenCheckOut : m.lamp.onHoldMeans, since: call.held_since, presence: word };
  }
  if (call) {
    return { tone: 'live', icon: 'live', title: m.lamp.live, line: queued ? m.lamp.thenCheckOut : m.lamp.thenWrapUp, since: null, presence: word };
  }
  if (isAway(view)) {
    return { tone: 'off', icon: 'offline', title: m.lamp.offline, line: m.lamp.notSignedIn, since: downSince, presence: '' };
  }
  if (isVoiceDown(view)) {
    const { api, sip } = view.links;
    const link = api.kind === 'connecting' ? api : sip;
    const error = link.kind === 'connecting' ? link.error : null;
    if (error === null) {
      return { tone: 'warn', icon: 'recovering', title: m.lamp.connecting, line: link === api ? m.lamp.apiLink : m.lamp.voiceLink, since: downSince, presence: word };
    }
    return { tone: 'off', icon: 'offline', title: m.lamp.offline, line: isRefused(view) ? m.lamp.accountRefused : m.lamp.retrying, since: downSince, presence: word };
  }
  if (view.activity === 'wrap_up') {
    const unconfirmed = presence?.unconfirmed ?? false;
    const noCalls = view.wrap_up_until === null ? m.lamp.noCallsNoLimit : m.lamp.noCalls;
    const line = queued ? m.lamp.thenCheckOut : unconfirmed ? m.lamp.unconfirmed : noCalls;
    return { tone: 'wrap', icon: 'wrap', title: m.lamp.wrapUp, line, since: view.activity_since, presence: word, unconfirmed };
  }
  if (!presence) {
    return { tone: 'warn', icon: 'recovering', title: m.lamp.connecting, line: m.lamp.apiLink, since: null, presence: '' };
  }
  const { confirmed, wanted, unconfirmed } = presence;
  const asking = wanted !== confirmed.presence;
  return {
    ...presenceFaces[confirmed.presence],
    title: word,
    line: asking
      ? (unconfirmed ? m.lamp.askingLater : m.lamp.asking)(m.presences[wanted])
      : unconfirmed
        ? m.lamp.unconfirmed
        : (confirmed.presence === 'break' ? m.presenceReasons[confirmed.reason] : null) ?? m.presenceMeanings[confirmed.presence],
    since: confirmed.presence === 'checked_out' ? null : confirmed.since,
    presence: confirmed.presence === 'checked_out' ? m.lamp.checkIn : m.lamp.switch,
    unconfirmed,
  };
}
