// Which language is shown. `i18n.m` is every word of it.

import type { Text } from '../host/types';
import { en } from './en';
import * as format from './format';
import { zh } from './zh';

export type Messages = typeof zh;
export const languages = ['zh-CN', 'en'] as const;
export type Language = (typeof languages)[number];

const words: Record<Language, Messages> = { 'zh-CN': zh, en };

class I18n {
  language = $state<Language>('zh-CN');

  get m(): Messages {
    return words[this.language];
  }

  /** A label from the service. */
  text(text: Text): string {
    const [first, second] = this.language === 'en' ? [text.en, text.zh] : [text.zh, text.en];
    return first || second;
  }

  /** `11 月 21 日`, `21 Nov`. */
  day(at: number): string {
    return format.day(this.language, at);
  }

  /** `11-21`, `21 Nov`. */
  shortDay(at: number): string {
    return format.shortDay(this.language, at);
  }

  /** `11 月 24 日 星期二`, `Tuesday, 24 November`. */
  longDay(at: number): string {
    return format.longDay(this.language, at);
  }

  /** `11 月 23 日 10:12`, `23 Nov, 10:12`. */
  dayAndTime(at: number): string {
    return format.dayAndTime(this.language, at);
  }

  /** `今天 14:24`, `11-21 10:12`; `Today 14:24`, `21 Nov 10:12`. */
  when(at: number, now: number): string {
    return format.when(this.language, at, now, this.m.days);
  }
}

export const i18n = new I18n();
