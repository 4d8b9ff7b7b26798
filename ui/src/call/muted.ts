// Talking into a muted microphone. The level is measured before the mute button.

import type { Levels, Switch } from '../host/types';

/** Louder than this is somebody speaking, not the room. */
const SPEECH_DBFS = -38;

export function talksMuted(muted: Switch, levels: Levels): boolean {
  return muted.confirmed && muted.wanted && levels.mic_dbfs > SPEECH_DBFS;
}
