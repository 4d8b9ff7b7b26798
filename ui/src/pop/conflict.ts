// Two wrote the same profile: where they differ, and what comes of a choice. Pure.

import type { Customer, CustomerBody, Text } from '../host/types';
import { phone, type Messages } from '../i18n';
import { bodyOf } from './edits.svelte';

export type Side = 'mine' | 'theirs';

/** One line in which both differ. */
export interface Difference {
  key: string;
  label: string;
  mine: string;
  theirs: string;
  /** Who alone has changed it; nothing where both have, or that is not known. */
  changedBy: Side | null;
}

export interface Both {
  mine: CustomerBody;
  theirs: Customer;
  /** How it stood before; nothing where that is not known. */
  base: CustomerBody | null;
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
const keyOf = (label: Text) => `field ${JSON.stringify(label)}`;

/** What stands in a line: one text, or a list. */
type Line = string | string[];

/** Every line, by its key. */
function lines(body: CustomerBody): Map<string, Line> {
  return new Map<string, Line>([['name', body.name], ['numbers', body.numbers], ['tags', body.tags], ...body.fields.map((field): [string, Line] => [keyOf(field.label), field.value])]);
}

function written(key: string, line: Line = ''): string {
  if (typeof line === 'string') return line;
  return key === 'numbers' ? line.map(phone).join(', ') : line.join(' · ');
}

/** Lists the lines in which both differ: what is to be chosen first, then in the order of the profile. */
export function differences({ mine, theirs, base }: Both, m: Messages, text: (text: Text) => string): Difference[] {
  const here = lines(mine);
  const there = lines(bodyOf(theirs));
  const before = base && lines(base);
  const labels = new Map([...theirs.fields, ...mine.fields].map((field) => [keyOf(field.label), text(field.label)]));
  const named = (key: string) => ({ name: m.pop.name, numbers: m.pop.numberMain, tags: m.pop.profileTags })[key] ?? labels.get(key) ?? key;
  const found = [...new Set([...there.keys(), ...here.keys()])]
    .filter((key) => !same(here.get(key), there.get(key)))
    .map((key): Difference => ({
      key,
      label: named(key),
      mine: written(key, here.get(key)),
      theirs: written(key, there.get(key)),
      changedBy: !before ? null : same(before.get(key), there.get(key)) ? 'mine' : same(before.get(key), here.get(key)) ? 'theirs' : null,
    }));
  return [...found.filter((row) => row.changedBy === null), ...found.filter((row) => row.changedBy !== null)];
}

/** The profile that was chosen, line by line. What is not chosen stands as it does at the centre. */
export function chosen({ mine, theirs }: Both, choice: Record<string, Side | null | undefined>): CustomerBody {
  const is = (key: string) => choice[key] === 'mine';
  const ours = new Map(mine.fields.map((field) => [keyOf(field.label), field]));
  return {
    name: is('name') ? mine.name : theirs.name,
    numbers: is('numbers') ? mine.numbers : theirs.numbers,
    tags: is('tags') ? mine.tags : theirs.tags,
    fields: [
      ...theirs.fields.map((field) => (is(keyOf(field.label)) ? { ...field, value: ours.get(keyOf(field.label))?.value ?? '' } : field)),
      ...mine.fields.filter((field) => is(keyOf(field.label)) && !theirs.fields.some((other) => same(other.label, field.label))),
    ],
  };
}
