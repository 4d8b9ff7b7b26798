// Figures as people read them. Pure; times are wall milliseconds, shown in the computer's time zone.

const two = (n: number) => String(n).padStart(2, '0');
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const monthsLong = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const weekdaysZh = ['日', '一', '二', '三', '四', '五', '六'];

type Lang = 'zh-CN' | 'en';

/** `m:ss`, from one hour on `h:mm:ss`. What is negative shows as 0:00. */
export function duration(millis: number): string {
  const seconds = Math.max(0, Math.floor(millis / 1000));
  const h = Math.floor(seconds / 3600);
  const m = Math.floor(seconds / 60) % 60;
  const s = seconds % 60;
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** What is left until `until`, rounded up, so that 0:00 means over. */
export function countdown(until: number, now: number): string {
  return duration(Math.ceil(Math.max(0, until - now) / 1000) * 1000);
}

/** `14:28`. */
export function clock(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** `14:28:41`. */
export function clockSeconds(at: number): string {
  return `${clock(at)}:${two(new Date(at).getSeconds())}`;
}

export function day(language: Lang, at: number): string {
  const date = new Date(at);
  return language === 'en' ? `${date.getDate()} ${months[date.getMonth()]}` : `${date.getMonth() + 1} 月 ${date.getDate()} 日`;
}

/** `11-21`, `21 Nov`: for a column. */
export function shortDay(language: Lang, at: number): string {
  const date = new Date(at);
  return language === 'en' ? day(language, at) : `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function longDay(language: Lang, at: number): string {
  const date = new Date(at);
  return language === 'en'
    ? `${weekdays[date.getDay()]}, ${date.getDate()} ${monthsLong[date.getMonth()]}`
    : `${date.getMonth() + 1} 月 ${date.getDate()} 日 星期${weekdaysZh[date.getDay()]}`;
}

export function dayAndTime(language: Lang, at: number): string {
  return language === 'en' ? `${day(language, at)}, ${clock(at)}` : `${day(language, at)} ${clock(at)}`;
}

export function when(language: Lang, at: number, now: number, words: { today: string; yesterday: string }): string {
  const days = daysBetween(at, now);
  if (days === 0) return `${words.today} ${clock(at)}`;
  if (days === 1) return `${words.yesterday} ${clock(at)}`;
  const date = new Date(at);
  const dayOnly = shortDay(language, at);
  const year = date.getFullYear();
  if (year === new Date(now).getFullYear()) return `${dayOnly} ${clock(at)}`;
  return language === 'en' ? `${dayOnly} ${year}` : `${year}-${dayOnly}`;
}

/** Calendar days from `at` to `now`, by the computer's time zone. */
export function daysBetween(at: number, now: number): number {
  const midnight = (t: number) => {
    const date = new Date(t);
    return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  };
  return Math.round((midnight(now) - midnight(at)) / 86_400_000);
}

/** Groups a number's digits the way its country writes them; what is not known stays as it is. */
export function phone(number: string): string {
  const group = (digits: string, ...sizes: number[]) => {
    const parts: string[] = [];
    let rest = digits;
    for (const size of sizes) {
      parts.push(rest.slice(0, size));
      rest = rest.slice(size);
    }
    if (rest) parts.push(rest);
    return parts.filter(Boolean).join(' ');
  };
  if (/^\+861\d{10}$/.test(number)) return `+86 ${group(number.slice(3), 3, 4, 4)}`;
  if (/^\+1\d{10}$/.test(number)) return `+1 ${group(number.slice(2), 3, 3, 4)}`;
  if (/^\+44\d{10}$/.test(number)) return `+44 ${group(number.slice(3), 4, 6)}`;
  if (/^1\d{10}$/.test(number)) return group(number, 3, 4, 4);
  if (/^400\d{7}$/.test(number)) return group(number, 3, 3, 4);
  if (/^0(10|2\d)\d{8}$/.test(number)) return group(number, 3, 4, 4);
  if (/^0[3-9]\d{9,10}$/.test(number)) return group(number, 4, 4, 4);
  return number;
}
