// The one door to the phone. Nothing else in the interface knows what is behind it.

import type { Answer, Code, Command, Levels, Query, View } from './types';

/** Ends a subscription. */
export type Unsubscribe = () => void;

/** The answer that belongs to a question. */
export type AnswerTo<Q extends Query> = Extract<Answer, { kind: Q['kind'] }>;

export interface Host {
  /** Hands a request to the desk. What is not possible comes back as a notice in the view. */
  send(command: Command): Promise<void>;
  /** Asks for what is too large for the view. Rejects when the phone cannot answer. */
  query<Q extends Query>(query: Q): Promise<AnswerTo<Q>>;
  /** Calls back with the view as it is, then with each new one; or, where the phone could not be opened at all, with why. */
  onView(callback: (view: View) => void, failed: (code: Code) => void): Unsubscribe;
  /** Calls back with the loudness of both sides, about ten times a second while a call is up. */
  onLevels(callback: (levels: Levels) => void): Unsubscribe;
  /** Tells which language the window speaks, so that the desktop's notifications speak it as well. */
  speak(language: 'zh-CN' | 'en'): void;
}
