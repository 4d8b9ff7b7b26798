// The phone in the shell's process. The only file that knows Tauri.

import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { AnswerTo, Host, Unsubscribe } from './host';
import type { Code, Command, Levels, Query, View } from './types';

export class TauriHost implements Host {
  async send(command: Command): Promise<void> {
    await invoke('send', { command });
  }

  query<Q extends Query>(query: Q): Promise<AnswerTo<Q>> {
    return invoke<AnswerTo<Q>>('query', { query });
  }

  onView(callback: (view: View) => void, failed: (code: Code) => void): Unsubscribe {
    let newest = -1;
    const show = (view: View) => {
      // The first view is asked for, the others are told; they may cross.
      if (view.revision < newest) return;
      newest = view.revision;
      callback(view);
    };
    const stop = subscribe<View>('desk-changed', show);
    // Asked for after the subscription stands, so that no change falls between the two.
    stop.ready.then(() => invoke<View>('view')).then(show, (code: unknown) => failed(isCode(code) ? code : 'not_now'));
    return stop.unsubscribe;
  }

  onLevels(callback: (levels: Levels) => void): Unsubscribe {
    return subscribe<Levels>('levels', callback).unsubscribe;
  }

  speak(language: 'zh-CN' | 'en'): void {
    // A shell that cannot be told goes on in the language it has.
    invoke('set_language', { language }).catch(() => undefined);
  }
}

function subscribe<T>(event: string, callback: (payload: T) => void): { ready: Promise<void>; unsubscribe: Unsubscribe } {
  let ended = false;
  const unlisten = listen<T>(event, ({ payload }) => {
    if (!ended) callback(payload);
  });
  return {
    ready: unlisten.then(() => undefined),
    unsubscribe: () => {
      ended = true;
      void unlisten.then((stop) => stop());
    },
  };
}

/** The shell rejects with a code. Anything else means that there is no shell. */
function isCode(reason: unknown): reason is Code {
  return typeof reason === 'string' && /^[a-z_]+$/.test(reason);
}
